/** `on`: TLS from the first octet; `starttls`: before anything is said that matters; `off`: not off this machine. */
export type SmtpSecurity = "on" | "starttls" | "off";

export type SmtpServer = {
  readonly hostname: string;
  readonly port: number;
  readonly security: SmtpSecurity;
  /** Null: the server asks for none. */
  readonly login: { readonly user: string; readonly password: string } | null;
};

const schemes = {
  smtps: { security: "on", port: 465 },
  smtp: { security: "starttls", port: 587 },
  "smtp+insecure": { security: "off", port: 25 },
} as const;

const form =
  /^(smtps|smtp|smtp\+insecure):\/\/(?:([^:@/?#\s]+):([^:@/?#\s]+)@)?([A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)(?::([1-9]\d{0,4}))?\/?$/;

const decoded = (text: string): string | null => {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
};

/**
 * `smtps://user:password@host:465`, `smtp://...:587` (STARTTLS), `smtp+insecure://127.0.0.1:2525` (this machine only); user and
 * password are percent-encoded.
 * @returns what is wrong with it, for "... X", where it is none
 */
export const parseSmtpUrl = (text: string): SmtpServer | string => {
  const [, scheme = "", user, password, hostname = "", portText] = form.exec(text) ?? [];
  if (hostname === "") return "must be smtps://user:password@host:465 or smtp://user:password@host:587, user and password percent-encoded";
  const { security, port: usual } = schemes[scheme as keyof typeof schemes];
  const port = portText === undefined ? usual : Number(portText);
  if (port > 65_535) return "must have a port up to 65535";
  if (security === "off" && hostname !== "127.0.0.1" && hostname !== "localhost") {
    return "must be smtps or smtp: without TLS mail only goes to this machine (127.0.0.1, localhost)";
  }
  if (user === undefined || password === undefined) return { hostname, port, security, login: null };
  const login = { user: decoded(user), password: decoded(password) };
  if (login.user === null || login.password === null) return "must have user and password percent-encoded";
  // SASL PLAIN (RFC 4616) ends each of them by a NUL.
  if (`${login.user}${login.password}`.includes("\0")) return "must have no NUL in user or password";
  return { hostname, port, security, login: { user: login.user, password: login.password } };
};
