import { linkOf, referenceOf, rowsOf, servicesHeading, standingOf } from "./parts.ts";
import type { Message } from "./message.ts";
import { renderText } from "./render-text.ts";

export type RenderedMail = { readonly subject: string; readonly text: string; readonly html: string };

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
/** Text within markup. */
export const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? "");

/** On white and on the dark card, each with a contrast of 4.5 or more (WCAG 1.4.3). */
const accents = {
  Critical: ["#b42318", "#ff9d94"],
  Warning: ["#8a4b00", "#f5b85c"],
  Info: ["#1d5fa8", "#8fbdf5"],
  Resolved: ["#1a7040", "#7fd6a0"],
} as const;

const font = "font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
/** A name may be 255 characters without a blank. */
const breaking = "word-break:break-word;overflow-wrap:anywhere";

/** What a client that knows dark mode overrides; one that drops `<style>` shows the light colours, which are written in line. */
const styleSheet = (accent: string): string =>
  `:root{color-scheme:light dark;supported-color-schemes:light dark}
@media (prefers-color-scheme:dark){
.page{background:#14171a!important}
.card{background:#1e2226!important;border-color:#3a4047!important}
.ink{color:#e9ecef!important}
.soft{color:#a5afb9!important}
.rule{border-color:#3a4047!important}
.mark{color:${accent}!important}
.edge{background:${accent}!important}
.link{color:#8fbdf5!important}
}`;

const row = (label: string, value: string): string =>
  `<tr><td class="soft" width="34%" valign="top" style="padding:3px 16px 3px 0;color:#57606a;${breaking}">${escaped(label)}</td>` +
  `<td class="ink" valign="top" style="padding:3px 0;color:#1b1f24;${breaking}">${escaped(value)}</td></tr>`;

const serviceRow = (name: string, state: string): string =>
  `<tr><td class="ink rule" width="60%" valign="top" style="padding:5px 16px 5px 0;border-top:1px solid #d8dee4;color:#1b1f24;${breaking}">${escaped(name)}</td>` +
  `<td class="ink rule" valign="top" style="padding:5px 0;border-top:1px solid #d8dee4;color:#1b1f24;${breaking}">${escaped(state)}</td></tr>`;

const table = (rows: readonly string[], attributes = 'role="presentation"'): string =>
  `<table ${attributes} width="100%" cellpadding="0" cellspacing="0" border="0" style="width:100%;table-layout:fixed;border-collapse:collapse;font-size:14px;line-height:20px">\n${rows.join("\n")}\n</table>`;

const servicesTable = (message: Message): string =>
  `<h2 class="ink" style="margin:20px 0 6px;font-size:14px;line-height:20px;font-weight:600;color:#1b1f24">${servicesHeading(message)}</h2>\n` +
  table(message.services.map(({ name, state }) => serviceRow(name, state)));

/** The parts of the card, from top to bottom. */
const bodyOf = (message: Message, baseUrl: string | null, accent: string): string => {
  const link = linkOf(message, baseUrl);
  return [
    `<p class="mark" style="margin:0 0 4px;font-size:13px;line-height:18px;font-weight:600;color:${accent}">${standingOf(message)}</p>`,
    `<h1 class="ink" style="margin:0 0 8px;font-size:20px;line-height:27px;font-weight:600;color:#1b1f24;${breaking}">${escaped(message.title)}</h1>`,
    ...(message.summary === ""
      ? []
      : [
          `<p class="ink" style="margin:0 0 16px;font-size:15px;line-height:22px;color:#1b1f24;${breaking}">${escaped(message.summary)}</p>`,
        ]),
    table(rowsOf(message).map(({ label, value }) => row(label, value))),
    ...(message.services.length === 0 ? [] : [servicesTable(message)]),
    ...(link === null
      ? []
      : [
          `<p style="margin:20px 0 0;font-size:14px;line-height:20px;${breaking}"><a class="link" href="${escaped(link)}" style="color:#1d5fa8">${escaped(link)}</a></p>`,
        ]),
    `<p class="soft rule" style="margin:20px 0 0;padding-top:12px;border-top:1px solid #d8dee4;font-size:12px;line-height:18px;color:#57606a;${breaking}">tranche · ${escaped(referenceOf(message))}</p>`,
  ].join("\n");
};

/** Tables and styles in line, which every mail client takes; no images, nothing fetched. */
const htmlOf = (message: Message, baseUrl: string | null): string => {
  const [light, dark] = accents[standingOf(message)];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${escaped(message.title)}</title>
<style>
${styleSheet(dark)}
</style>
</head>
<body class="page" style="margin:0;padding:0;background:#f3f5f7">
<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" border="0" style="width:100%;background:#f3f5f7">
<tr><td align="center" style="padding:24px 12px">
<table role="presentation" class="card" width="100%" cellpadding="0" cellspacing="0" border="0" style="width:100%;max-width:600px;background:#ffffff;border:1px solid #d8dee4;border-collapse:separate">
<tr><td class="edge" height="4" style="height:4px;line-height:4px;font-size:0;background:${light}">&nbsp;</td></tr>
<tr><td align="left" style="padding:20px 24px 24px;text-align:left;${font}">
${bodyOf(message, baseUrl, light)}
</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
`;
};

/** A mail's subject, and its body as plain text and as HTML. */
export const renderMail = (message: Message, baseUrl: string | null): RenderedMail => ({
  subject: message.title,
  text: renderText(message, baseUrl),
  html: htmlOf(message, baseUrl),
});
