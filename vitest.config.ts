import { cloudflareTest } from "@cloudflare/vitest-pool-workers";
import { defineConfig } from "vitest/config";

const inWorkerd = [
  "test/routes/**/*.test.ts",
  "test/cron/**/*.test.ts",
  "test/worker/**/*.test.ts",
  "test/contract/**/*.test.ts",
];

export default defineConfig({
  test: {
    globalSetup: ["./test/support/global-setup.ts"],
    projects: [
      {
        test: {
          name: "node",
          include: ["test/**/*.test.ts"],
          exclude: inWorkerd,
        },
      },
      {
        plugins: [cloudflareTest({ wrangler: { configPath: "./wrangler.toml" } })],
        test: {
          name: "workers",
          include: inWorkerd,
        },
      },
    ],
  },
});
