import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { markdownHtml } from "./markdown.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The file that is written. */
export const guidesFile = `${root}src/http/reference/guides.ts`;

type Source = { readonly id: string; readonly title: string; readonly file: string; readonly heading: string };

const own = (id: string, heading: string): Source => ({ id, title: heading, file: "docs/api.md", heading });

/** The guides of `/docs`, in its order: each a section of a document, so that everything is said once. */
const sources: readonly Source[] = [
  own("authentication", "Authentication"),
  own("first-service", "A first service"),
  own("pagination", "Pagination"),
  own("errors", "Errors"),
  own("idempotency", "Idempotency"),
  { id: "rate-limits", title: "Rate limits", file: "docs/quotas.md", heading: "Requests" },
  { id: "webhooks", title: "Verify a webhook", file: "docs/notifications.md", heading: "Webhooks" },
  { id: "evidence", title: "Verify evidence", file: "docs/evidence.md", heading: "Verify a storm" },
  own("share-an-invoice", "Share an invoice"),
];

/** @throws Error where the document has no such section */
const sectionOf = (text: string, { file, heading }: Source): string => {
  const section = text.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0];
  if (section === undefined) throw new Error(`${file} has no section "${heading}"`);
  return section;
};

/** Documents say `$URL` and `$TOKEN`; a page knows its own address, and says whose token it is. */
const asOnPage = (html: string): string => html.replaceAll("$URL", "{{origin}}").replaceAll("$TOKEN", "$TRANCHE_TOKEN");

/** The text of `guidesFile` as it should be. */
export const readGuides = async (): Promise<string> => {
  const guides = await Promise.all(
    sources.map(async (source) => {
      const html = asOnPage(markdownHtml(sectionOf(await readFile(root + source.file, "utf8"), source)));
      return `  { id: ${JSON.stringify(source.id)}, title: ${JSON.stringify(source.title)}, source: ${JSON.stringify(source.file)}, html: ${JSON.stringify(html)} },\n`;
    }),
  );
  return `// Generated from docs/ by \`npm run guides:generate\`: not to be edited.

/** A guide of \`/docs\`: markup, in which \`{{origin}}\` stands for the deployment's own address. */
export type Guide = { readonly id: string; readonly title: string; readonly source: string; readonly html: string };

export const guides: readonly Guide[] = [
${guides.join("")}];
`;
};
