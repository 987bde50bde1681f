const code = "[2-5]\\d\\d(?: [2-5]\\.\\d{1,3}\\.\\d{1,3})?";
const reply = new RegExp(`^((?:(?:connect|EHLO|STARTTLS|AUTH|MAIL FROM|RCPT TO|DATA|end of DATA): )?${code})(?![\\d,])`);
const recipients = new RegExp(`^(no recipient taken: |${code}, but not to )`);
const recipient = new RegExp(`[^\\s,(]+@[^\\s,(]+ \\(${code}(?!\\d)`, "g");
const answer = /^(HTTP \d{3})(?:, which is not followed$)?(?: ([a-z]+(?:_[a-z]+)+)(?= |$))?/;

/**
 * What a customer is shown of what the operator's mail server, or mail API, says: its codes. Its words may name the operator's
 * accounts, addresses and hosts; the log has them. Words of our own stay.
 * @param detail as senders write it (`adapters/channels/smtp.ts`, `mail-api.ts`)
 */
export const mailDetail = (detail: string): string => {
  const [http, status, name] = answer.exec(detail) ?? [];
  if (http !== undefined && status !== undefined) return http.endsWith("followed") ? http : [status, name].filter(Boolean).join(" ");
  const [prefix] = recipients.exec(detail) ?? [];
  if (prefix !== undefined) return `${prefix}${(detail.match(recipient) ?? []).map((one) => `${one})`).join(", ")}`;
  return reply.exec(detail)?.[1] ?? detail;
};
