import type { Breakers } from "../../src/adapters/ports/platform/breakers.ts";

/** Breakers that never open. */
export const noBreakers: Breakers = {
  line: () => ({ enter: async () => ({ leave: () => undefined }) }),
  during: async (_kinds, work) => await work(),
};
