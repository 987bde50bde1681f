/** RFC 8252 §8.3, RFC 6761 §6.3: such requests never leave the machine. */
const isLoopback = (hostname: string): boolean =>
  hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);

/**
 * Validates a URL to which secrets, or queries with trusted answers, are sent: TLS, or this machine.
 * @returns the problem, to complete "... X"; null: none
 */
export const endpointFault = (text: string): string | null => {
  if (!URL.canParse(text)) return "must be an https URL";
  const { protocol, hostname, username, password } = new URL(text);
  if (protocol !== "https:" && protocol !== "http:") return "must be an https URL";
  if (username !== "" || password !== "") return "must hold no user and no password";
  return protocol === "https:" || isLoopback(hostname)
    ? null
    : "must be https: plain http only reaches this machine (127.0.0.1, localhost)";
};
