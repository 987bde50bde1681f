/** RFC 8252 §8.3, RFC 6761 §6.3: what is addressed so never leaves the machine. */
const isLoopback = (hostname: string): boolean =>
  hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);

/**
 * A URL to which secrets, or questions whose answers are trusted, are sent: over TLS, or not off this machine.
 * @returns what is wrong with it, for "... X"; null: nothing
 */
export const endpointFault = (text: string): string | null => {
  if (!URL.canParse(text)) return "must be an https URL";
  const { protocol, hostname, username, password } = new URL(text);
  if (protocol !== "https:" && protocol !== "http:") return "must be an https URL";
  if (username !== "" || password !== "") return "must hold no user and no password";
  return protocol === "https:" || isLoopback(hostname) ? null : "must be https: plain http only reaches this machine (127.0.0.1, localhost)";
};
