import type { Clock } from "../adapters/ports/clock.ts";
import type { TokenOwner } from "../adapters/ports/tokens.ts";

/** Semantics §2: a revoked token may pass for at most this long. */
const maxAgeMs = 30_000;
const maxEntries = 1_000;

type Entry = { readonly owner: TokenOwner; readonly untilMs: number };

/**
 * Verified tokens as presented, in the memory of one isolate: to hash them again would be the dearest part of a read. They
 * are random throughout, so the time of a look-up tells nothing of another one.
 */
export class TokenCache {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(token: string): TokenOwner | null {
    const entry = this.#entries.get(token);
    if (entry === undefined) return null;
    const leftMs = entry.untilMs - this.#clock.nowMs();
    // More than there ever was: the clock was put back since.
    if (leftMs > 0 && leftMs <= maxAgeMs) return entry.owner;
    this.#entries.delete(token);
    return null;
  }

  /** @param askedAtMs when the database was asked: the age counts from there */
  put(token: string, owner: TokenOwner, askedAtMs: number): void {
    this.#entries.delete(token);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size >= maxEntries && oldest !== undefined) this.#entries.delete(oldest);
    this.#entries.set(token, { owner, untilMs: askedAtMs + maxAgeMs });
  }

  /** Drops a revoked token here at once; other isolates follow within the 30 s. */
  forget(tokenId: number): void {
    for (const [token, { owner }] of this.#entries) if (owner.tokenId === tokenId) this.#entries.delete(token);
  }
}
