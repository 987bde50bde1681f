import type { Random } from "../ports/platform/random.ts";

/** The platform's cryptographic randomness. */
export const systemRandom: Random = { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) };
