import { cloudflareTest } from "@cloudflare/vitest-pool-workers";
import { defineConfig } from "vitest/config";

const inWorkerd = [
  "test/routes/**/*.test.ts",
  "test/cron/**/*.test.ts",
  "test/worker/**/*.test.ts",
  "test/contract/**/*.test.ts",
];

// Time limits are only there for a test that hangs: how fast a machine is must not decide whether one passes.
const patience = { testTimeout: 120_000, hookTimeout: 120_000 };

export default defineConfig({
  test: {
    globalSetup: ["./test/support/global-setup.ts"],
    projects: [
      {
        test: {
          ...patience,
          name: "node",
          include: ["test/**/*.test.ts"],
          exclude: inWorkerd,
        },
      },
      {
        plugins: [cloudflareTest({ wrangler: { configPath: "./wrangler.toml" } })],
        test: {
          ...patience,
          name: "workers",
          include: inWorkerd,
        },
      },
    ],
  },
});
