import { escaped } from "../notify/render-mail.ts";
import type { RenderedMail } from "../notify/render-mail.ts";
import type { AccountRole } from "./accounts.ts";

/** Plain paragraphs, and the link that they are about on a line of its own. */
const letter = (subject: string, before: readonly string[], link: string, after: readonly string[]): RenderedMail => {
  const paragraph = (content: string): string => `<p style="font-size:15px;line-height:22px;overflow-wrap:anywhere">${content}</p>`;
  return {
    subject,
    text: `${[...before, link, ...after].join("\n\n")}\n`,
    html: `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escaped(subject)}</title></head>
<body style="font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif">
${[...before.map(escaped), `<a href="${escaped(link)}">${escaped(link)}</a>`, ...after.map(escaped)].map(paragraph).join("\n")}
</body></html>
`,
  };
};

/** @param by who invites, as the audit log calls them */
export const invitationMail = (link: string, role: AccountRole, by: string): RenderedMail =>
  letter(
    "You are invited to tranche",
    [`${by} invites you to tranche with the role ${role}. Choose a password here within 72 hours:`],
    link,
    ["The link works once. If you expect no invitation, do nothing: without you it becomes no account."],
  );

export const resetMail = (link: string): RenderedMail =>
  letter(
    "A new password for tranche",
    ["Somebody, you most likely, asked for a new password for tranche. Choose it here within an hour:"],
    link,
    ["The link works once, and ends every session that you have. If you did not ask, do nothing: your password stays as it is."],
  );
