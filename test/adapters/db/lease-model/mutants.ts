/** The lease with one thing wrong; `breaks` is the law by which the model notices. */
export type LeaseMutant = { readonly name: string; readonly from: RegExp; readonly to: string; readonly breaks: RegExp };

const isLate = /was committed under epoch|came after epoch/;
const notFree = /taken from a lease that was not free/;

export const leaseMutants: readonly LeaseMutant[] = [
  {
    name: "a fence that does not look at the epoch",
    from: /and epoch = (\$\d+) (and expires_at > clock_timestamp\(\) for share)/,
    to: "and $1::bigint > 0 $2",
    breaks: isLate,
  },
  {
    name: "a fence that does not look at the time",
    from: /and expires_at > clock_timestamp\(\) for share/,
    to: "for share",
    breaks: /began after the lease had ended/,
  },
  { name: "a fence that locks nothing", from: /(clock_timestamp\(\)) for share/, to: "$1", breaks: isLate },
  { name: "a fence whose lock a takeover passes", from: /(clock_timestamp\(\)) for share/, to: "$1 for key share", breaks: isLate },
  { name: "a taking that does not look at the time", from: /or held\.expires_at <= clock_timestamp\(\)/, to: "or true", breaks: notFree },
  {
    name: "a taking that forgets who is preferred",
    from: /and \(held\.provider = excluded\.provider or held\.released_at is null[^)]*\(\)[^)]*\)/,
    to: "",
    breaks: notFree,
  },
  { name: "a taking that keeps the epoch", from: /epoch = held\.epoch \+ 1/, to: "epoch = held.epoch", breaks: /was handed out where/ },
  {
    name: "a taking that reckons before it waits",
    from: /set (.*\n?.*)acquired_at = clock_timestamp\(\)/,
    to: "set $1acquired_at = excluded.acquired_at",
    breaks: /begins before the one before it ends/,
  },
  {
    name: "a renewal of whoever's lease it is",
    from: /(update leases set expires_at [^]*) and epoch = (\$\d+)/,
    to: "$1 and $2::bigint > 0",
    breaks: /was renewed \d+ times, by its holder/,
  },
  {
    name: "a renewal of a lease that has ended",
    from: /(update leases set expires_at [^]*) and expires_at > clock_timestamp\(\)/,
    to: "$1",
    breaks: /was renewed after it had ended/,
  },
  {
    name: "a release of whoever's lease it is",
    from: /(update leases set released_at [^]*) and epoch = (\$\d+)/,
    to: "$1 and $2::bigint > 0",
    breaks: /was released by somebody else/,
  },
  {
    name: "a release of a lease that has ended",
    from: /(update leases set released_at [^]*) and expires_at > clock_timestamp\(\)/,
    to: "$1",
    breaks: /was released after it had ended/,
  },
  {
    name: "a hand-back of whoever's lease it is",
    from: /(update leases set provider [^]*) and epoch = (\$\d+)/,
    to: "$1 and $2::bigint > 0",
    breaks: /was handed back \d+ times, by its holder/,
  },
  {
    name: "a hand-back of a lease that has ended",
    from: /(update leases set provider [^]*?) and expires_at > clock_timestamp\(\)/,
    to: "$1",
    breaks: /was handed after it had ended/,
  },
];
