/** The four numbers of an IPv4 address, or null. */
const v4Of = (text: string): readonly number[] | null => {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  return parts?.every((part) => part <= 255) === true ? parts : null;
};

/** IPv4 blocks that are not globally reachable (IANA IPv4 Special-Purpose Address Registry), and multicast; `[first, bits]`. */
const v4Blocks: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
];

const v4Number = (parts: readonly number[]): number => parts.reduce((sum, part) => sum * 256 + part, 0);

const isPublicV4 = (parts: readonly number[]): boolean =>
  v4Blocks.every(
    ([first, bits]) => Math.floor(v4Number(parts) / 2 ** (32 - bits)) !== Math.floor(v4Number(v4Of(first) ?? []) / 2 ** (32 - bits)),
  );

/** The eight groups of an IPv6 address (RFC 4291 §2.2, an IPv4 tail included), or null. */
const v6Of = (text: string): readonly number[] | null => {
  const tail = /^(.*:)(\d[\d.]*\.[\d.]*)$/.exec(text);
  const v4 = tail === null ? null : v4Of(tail[2] ?? "");
  if (tail !== null && v4 === null) return null;
  const [a = 0, b = 0, c = 0, d = 0] = v4 ?? [];
  const plain = tail === null ? text : `${tail[1] ?? ""}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  const halves = plain.split("::");
  if (halves.length > 2) return null;
  const [head = [], rest = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - head.length - rest.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  const groups = [...head, ...Array.from({ length: missing }, () => "0"), ...rest];
  return groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group)) ? groups.map((group) => Number.parseInt(group, 16)) : null;
};

/** The IPv4 address in two groups. */
const v4In = (groups: readonly number[], at: number): readonly number[] =>
  [groups[at] ?? 0, groups[at + 1] ?? 0].flatMap((group) => [Math.floor(group / 256), group % 256]);

const isPublicV6 = (groups: readonly number[]): boolean => {
  const [first = 0, second = 0] = groups;
  // NAT64 (RFC 6052): a connection reaches the IPv4 address. A mapped one (::ffff:0:0/96) is not valid in the DNS.
  if (first === 0x64 && second === 0xff9b && groups.slice(2, 6).every((group) => group === 0)) return isPublicV4(v4In(groups, 6));
  if (first < 0x2000 || first > 0x3fff) return false;
  // 6to4 (RFC 3056) embeds an IPv4 address as well.
  if (first === 0x2002) return isPublicV4(v4In(groups, 1));
  // 2001::/23 is for protocols (Teredo, ORCHID), 2001:db8::/32 and 3fff::/20 for documentation.
  return !(first === 0x2001 && (second < 0x200 || second === 0xdb8)) && !(first === 0x3fff && second < 0x1000);
};

/**
 * Whether an address is one of the public internet: not private, shared (CGNAT), loopback, link-local, multicast, unique local,
 * reserved, or one that embeds such a one (IANA Special-Purpose Address Registries). Text that is no address is not public.
 */
export const isPublicAddress = (text: string): boolean => {
  const v4 = v4Of(text);
  if (v4 !== null) return isPublicV4(v4);
  const v6 = v6Of(text);
  return v6 !== null && isPublicV6(v6);
};

/** The bits of an address as one number. */
const bitsOf = (text: string): { readonly length: 32 | 128; readonly value: bigint } | null => {
  const v4 = v4Of(text);
  if (v4 !== null) return { length: 32, value: BigInt(v4Number(v4)) };
  const v6 = v6Of(text);
  return v6 === null ? null : { length: 128, value: v6.reduce((sum, group) => sum * 65_536n + BigInt(group), 0n) };
};

/** @param block as in `192.0.2.0/24` or `2001:db8::/32` @returns false for what is no address, or of the other family */
export const isInBlock = (text: string, block: string): boolean => {
  const [first = "", size = ""] = block.split("/");
  const [address, start] = [bitsOf(text), bitsOf(first)];
  if (address === null || start === null || address.length !== start.length) return false;
  const rest = BigInt(start.length - Number(size));
  return address.value >> rest === start.value >> rest;
};
