import type { Clock } from "../adapters/ports/clock.ts";
import type { TokenOwner } from "../adapters/ports/tokens.ts";

/** Semantics §2: a revoked token may pass for at most this long. */
const maxAgeMs = 30_000;
const maxEntries = 1_000;

type Entry = { readonly owner: TokenOwner; readonly untilMs: number };

/** Verified tokens by hash, in the memory of one isolate. */
export class TokenCache {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(hash: string): TokenOwner | null {
    const entry = this.#entries.get(hash);
    if (entry === undefined) return null;
    if (entry.untilMs > this.#clock.nowMs()) return entry.owner;
    this.#entries.delete(hash);
    return null;
  }

  /** @param askedAtMs when the database was asked: the age counts from there */
  put(hash: string, owner: TokenOwner, askedAtMs: number): void {
    this.#entries.delete(hash);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size >= maxEntries && oldest !== undefined) this.#entries.delete(oldest);
    this.#entries.set(hash, { owner, untilMs: askedAtMs + maxAgeMs });
  }

  /** Drops a revoked token here at once; other isolates follow within the 30 s. */
  forget(tokenId: number): void {
    for (const [hash, { owner }] of this.#entries) if (owner.tokenId === tokenId) this.#entries.delete(hash);
  }
}
