import type { DnsAccess } from "../ports/steering/dns-access.ts";

const panicDetail = "panic is on: nothing is written to any outside system until an admin lifts it";
/** Whether there is a panic is known by the database alone: without it there may be one. */
const awayDetail = "whether a panic is on is not known, as the database is away: nothing is written";

/**
 * An access that writes nothing while a panic is on: no record is created or rewritten, no health check made, changed or deleted. Switches
 * of weights pass: each is permitted by the row of its intent, which is not stored in a panic (`saveIntents`), and no round asks twice.
 * @param isPanic reads it anew, as set-up is rare; where it rejects that counts as a panic
 */
export const panicGate = (access: DnsAccess, isPanic: () => Promise<boolean>): DnsAccess => {
  const refusal = async (): Promise<string | null> => {
    try {
      return (await isPanic()) ? panicDetail : null;
    } catch {
      return awayDetail;
    }
  };
  /** Sends it, or says why not in the place of its answer. */
  const guarded = async <Answer>(send: () => Promise<Answer>, refused: (detail: string) => Answer): Promise<Answer> => {
    const detail = await refusal();
    return detail === null ? await send() : refused(detail);
  };
  const failed = (detail: string) => ({ status: "failed", detail, retryable: true }) as const;
  return {
    ...access,
    rewrite: (rewrites, budget) =>
      guarded(
        () => access.rewrite(rewrites, budget),
        (detail) => rewrites.map(({ domain }) => ({ domain, ...failed(detail), effect: "unsent" as const })),
      ),
    provision: (wish, budget) =>
      guarded(
        () => access.provision(wish, budget),
        (detail) => ({ status: "refused", detail }),
      ),
    createCheck: (reference, target, disabled, budget) => guarded(() => access.createCheck(reference, target, disabled, budget), failed),
    updateCheck: (check, target, disabled, budget) => guarded(() => access.updateCheck(check, target, disabled, budget), failed),
    deleteCheck: (id, budget) => guarded(() => access.deleteCheck(id, budget), failed),
  };
};
