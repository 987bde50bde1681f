import { availableParallelism } from "node:os";
import { cloudflareTest } from "@cloudflare/vitest-pool-workers";
import { defineConfig } from "vitest/config";

const inWorkerd = [
  "test/routes/**/*.test.ts",
  "test/cron/**/*.test.ts",
  "test/worker/**/*.test.ts",
  "test/contract/**/*.test.ts",
  "test/attack/api/**/*.test.ts",
];

// Time limits are only there for a test that hangs: how fast a machine is must not decide whether one passes.
const patience = { testTimeout: 600_000, hookTimeout: 600_000 };

export default defineConfig({
  test: {
    // Left to itself vitest keeps one core free, which on a machine of two is half of it.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    globalSetup: ["./test/support/global-setup.ts"],
    projects: [
      {
        test: {
          ...patience,
          name: "node",
          // Files of a worker share the modules that they import, and nothing that a module keeps is kept for a test.
          isolate: false,
          include: ["test/**/*.test.ts"],
          exclude: inWorkerd,
        },
      },
      {
        plugins: [cloudflareTest({ wrangler: { configPath: "./wrangler.toml" } })],
        test: {
          ...patience,
          name: "workers",
          // A workerd for each file: some count the statements that are sent, and what an earlier file has left under way would count.
          include: inWorkerd,
        },
      },
    ],
  },
});
