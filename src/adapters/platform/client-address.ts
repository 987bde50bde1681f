/** The header that a platform overwrites whatever the client sent; null: none can be trusted. */
const trustedHeader = { cloudflare: "cf-connecting-ip", vercel: "x-real-ip", "self-hosted": "x-real-ip", local: null } as const;

/** An IPv6 client owns its whole /64 and could use any address in it (RFC 6177). */
const network = (address: string): string => {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.toLowerCase().split("::");
  const groups = head.split(":").filter(Boolean);
  const rest = (tail ?? "").split(":").filter(Boolean);
  const zeros = tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - groups.length - rest.length) }, () => "0");
  const prefix = [...groups, ...zeros, ...rest].slice(0, 4).map((group) => group.replace(/^0+(?=.)/, ""));
  return `${prefix.join(":")}::/64`;
};

/** Distinguishes clients by their address, where the platform provides a trusted one; elsewhere all of them share one key. */
export const createClientAddress =
  (provider: keyof typeof trustedHeader) =>
  (headers: Headers): string => {
    const name = trustedHeader[provider];
    const address = name === null ? null : headers.get(name);
    return address === null || address === "" ? "unknown" : network(address.trim().slice(0, 64));
  };
