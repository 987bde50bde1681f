import type { AdminTokenOwner } from "../adapters/ports/tenants/admin-tokens.ts";
import type { Clock } from "../adapters/ports/platform/clock.ts";
import type { TokenOwner } from "../adapters/ports/tenants/tokens.ts";
import { hasLapsed } from "../domain/platform/lapse.ts";

/** Semantics §2: a revoked token may be accepted for at most this long. */
const maxAgeMs = 30_000;
const maxEntries = 1_000;

type Owner = { readonly tokenId: number; readonly expiresAtMs: number | null };
type Entry<Of> = { readonly owner: Of; readonly untilMs: number };

/**
 * Verified tokens in plain text, in the memory of one isolate: hashing them again would be the costliest part of a read. They
 * are random, so the time of a look-up reveals nothing about another one.
 */
export class TokenCache<Of extends Owner> {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry<Of>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(token: string): Of | null {
    const entry = this.#entries.get(token);
    if (entry === undefined) return null;
    const nowMs = this.#clock.nowMs();
    const leftMs = entry.untilMs - nowMs;
    // More than there ever was: the clock was put back since. A token that expires does so within the 30 s as well.
    if (leftMs > 0 && leftMs <= maxAgeMs && !hasLapsed(entry.owner.expiresAtMs, nowMs)) return entry.owner;
    this.#entries.delete(token);
    return null;
  }

  /** @param askedAtMs when the database was queried: the age counts from then */
  put(token: string, owner: Of, askedAtMs: number): void {
    this.#entries.delete(token);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size >= maxEntries && oldest !== undefined) this.#entries.delete(oldest);
    this.#entries.set(token, { owner, untilMs: askedAtMs + maxAgeMs });
  }

  /** Evicts a revoked token here at once; other isolates follow within the 30 s. */
  forget(tokenId: number): void {
    for (const [token, { owner }] of this.#entries) if (owner.tokenId === tokenId) this.#entries.delete(token);
  }
}

/** Separate caches for customers' and admins' tokens: their ids are of two tables. */
export type TokenCaches = { readonly customers: TokenCache<TokenOwner>; readonly admins: TokenCache<AdminTokenOwner> };

export const createTokenCaches = (clock: Clock): TokenCaches => ({ customers: new TokenCache(clock), admins: new TokenCache(clock) });
