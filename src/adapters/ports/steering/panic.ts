import type { Change } from "../tenants/change.ts";

/** A panic: nothing is written to any outside system. It has no end of its own: somebody has to look, and lift it. */
export type Panic = {
  readonly reason: string;
  readonly actor: string;
  readonly setAtMs: number;
};

export interface PanicStore {
  /** Null: it is off. */
  get(): Promise<Panic | null>;
  /** Replaces an earlier one. Counts at once: no switch whose intent was not stored before is sent. */
  set(reason: string, change: Change): Promise<Panic>;
  lift(change: Change): Promise<void>;
}
