import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import type { LocalFallback } from "../../../local/fallback.ts";
import { startFallback } from "../../../local/fallback.ts";
import type { LocalWorker } from "../../../local/worker.ts";
import { startWorker } from "../../../local/worker.ts";

const freePort = (): Promise<number> =>
  new Promise((done) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => done(port));
    });
  });

/** Both deployments, each at an address that stays when it is deployed anew. */
export const openDeployments = async (surroundings: Readonly<Record<string, string>>) => {
  const [workerPort, fallbackPort] = [await freePort(), await freePort()];
  let worker: LocalWorker | null = null;
  let fallback: LocalFallback | null = null;
  return {
    url: `http://127.0.0.1:${workerPort}`,
    fallbackUrl: `http://127.0.0.1:${fallbackPort}`,
    worker: () => worker,
    deployWorker: async (uploaded: Readonly<Record<string, string>>): Promise<void> => {
      await worker?.close();
      worker = null;
      worker = await startWorker({ env: { ...uploaded, ...surroundings }, port: workerPort });
    },
    deployFallback: async (variables: Readonly<Record<string, string>>): Promise<void> => {
      await fallback?.close();
      fallback = null;
      fallback = await startFallback({ runtime: "node", env: { ...variables, ...surroundings }, port: fallbackPort });
    },
    close: async (): Promise<void> => {
      await worker?.close();
      await fallback?.close();
    },
  };
};
