import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import type { Passwords } from "../src/adapters/ports/platform/passwords.ts";
import { AppError } from "../src/errors.ts";

/** The cost of scrypt (RFC 7914): N = 2^ln. OWASP, Password Storage Cheat Sheet: ln 17, r 8, p 1, which takes 128 MiB. */
export type ScryptCost = { readonly ln: number; readonly r: number; readonly p: number };

const presentCost: ScryptCost = { ln: 17, r: 8, p: 1 };

const saltBytes = 16;
const hashBytes = 32;

/** Each has 128 MiB, and a thread of Node's pool for about half a second. */
const mostAtOnce = 2;
/** Who comes later would wait for longer than anybody does. */
const mostWaiting = 16;

/** What a stored hash may cost at most: a row that was written by somebody else must not take all memory. */
const most: ScryptCost = { ln: 20, r: 16, p: 4 };

type Stored = { readonly cost: ScryptCost; readonly salt: Buffer; readonly hash: Buffer };

/** RFC 4648 §4 without padding, as the PHC string format has it. */
const base64 = (bytes: Buffer): string => bytes.toString("base64").replaceAll("=", "");

const write = ({ cost: { ln, r, p }, salt, hash }: Stored): string => `$scrypt$ln=${ln},r=${r},p=${p}$${base64(salt)}$${base64(hash)}`;

const form = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

/** @returns null where it is none of ours */
const read = (text: string): Stored | null => {
  const [, ln, r, p, salt, hash] = form.exec(text) ?? [];
  if (salt === undefined || hash === undefined) return null;
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
  const isWithin = cost.ln >= 1 && cost.r >= 1 && cost.p >= 1 && cost.ln <= most.ln && cost.r <= most.r && cost.p <= most.p;
  return isWithin ? { cost, salt: Buffer.from(salt, "base64"), hash: Buffer.from(hash, "base64") } : null;
};

const derive = async (password: string, salt: Buffer, length: number, { ln, r, p }: ScryptCost): Promise<Buffer> =>
  await new Promise((resolve, reject) => {
    const N = 2 ** ln;
    // Node refuses what takes more than `maxmem`; 128 * N * r is what scrypt itself has.
    scrypt(password, salt, length, { N, r, p, maxmem: 128 * N * r + 128 * r * p + 1_048_576 }, (error, derived) =>
      error === null ? resolve(derived) : reject(error),
    );
  });

/** Runs so many at once, lets so many wait, and refuses the rest. */
const createQueue = (atOnce: number, waiting: number) => {
  let running = 0;
  const queue: (() => void)[] = [];
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= atOnce) {
      if (queue.length >= waiting) {
        throw new AppError("unavailable", "too many people sign in at this moment", { headers: { "retry-after": "5" }, kind: "busy" });
      }
      await new Promise<void>((begin) => queue.push(begin));
    } else running += 1;
    try {
      return await work();
    } finally {
      // Whoever waits takes the place over, so that nobody comes in between.
      const next = queue.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
};

/**
 * Passwords by scrypt of Node, in threads of its pool. At most two at once, as each takes 128 MiB.
 * @param options for tests: a cost that takes no time, and other bounds
 */
export const createPasswords = (
  options: { readonly cost?: ScryptCost; readonly atOnce?: number; readonly waiting?: number } = {},
): Passwords => {
  const { cost = presentCost, atOnce = mostAtOnce, waiting = mostWaiting } = options;
  const queued = createQueue(atOnce, waiting);
  const noOnes: Stored = { cost, salt: randomBytes(saltBytes), hash: randomBytes(hashBytes) };
  return {
    hash: async (password) => {
      const salt = randomBytes(saltBytes);
      return write({ cost, salt, hash: await queued(() => derive(password, salt, hashBytes, cost)) });
    },
    verify: async (password, stored) => {
      const known = stored === null ? null : read(stored);
      const against = known ?? noOnes;
      const derived = await queued(() => derive(password, against.salt, against.hash.length, against.cost));
      return timingSafeEqual(derived, against.hash) && known !== null;
    },
    needsRehash: (stored) => {
      const known = read(stored);
      return known === null || known.cost.ln !== cost.ln || known.cost.r !== cost.r || known.cost.p !== cost.p;
    },
  };
};
