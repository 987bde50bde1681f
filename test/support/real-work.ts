import { vi } from "vitest";
import type { World } from "./round-world.ts";

/** Work that is done for real: while it lasts, the test's time stands. */
export const realWork = ({ count }: Pick<World, "count">) => {
  const counted =
    <Args extends unknown[], T>(work: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> => {
      count.under += 1;
      try {
        return await work(...args);
      } finally {
        count.under -= 1;
      }
    };
  return {
    counted,
    /** Signing is such work, too, until `vi.restoreAllMocks()`. */
    countSigning: (): void => {
      for (const method of ["importKey", "sign", "digest"] as const) {
        const original = crypto.subtle[method].bind(crypto.subtle) as () => Promise<unknown>;
        vi.spyOn(crypto.subtle, method).mockImplementation(counted(original) as never);
      }
    },
    /** `fetch`, until the whole answer is there. */
    send: counted(async (...request: Parameters<typeof fetch>): Promise<Response> => {
      const response = await fetch(...request);
      return new Response(await response.text(), { status: response.status, headers: response.headers });
    }),
  };
};
