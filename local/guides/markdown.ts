/** The part of Markdown that the documents use, as HTML. What it does not know it refuses, so that nothing is lost unseen. */

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** Where a file of the repository is meant: readers of a page have the repository, perhaps, but not beside it. */
const fileLink = (label: string, target: string): string => {
  const file = `<code>docs/${target.replace(/#.*$/, "")}</code>`;
  return label.startsWith("<code>") || label === target ? file : `${label} (${file})`;
};

const link = (label: string, target: string): string =>
  target.startsWith("https://") ? `<a href="${target}" rel="noreferrer">${label}</a>` : fileLink(label, target);

/** Text within a line. Code is set aside first: nothing in it is markup. */
const inline = (text: string): string => {
  const codes: string[] = [];
  const aside = text.replaceAll(/`([^`]+)`/g, (_, code: string) => `\u0000${codes.push(code.replaceAll(/\s+/g, " ")) - 1}\u0000`);
  return escaped(aside.replaceAll(/\s+/g, " ").replaceAll(String.raw`\|`, "|"))
    .replaceAll(/\*\*([^*]+)\*\*/g, "<strong>$1</strong>")
    .replaceAll(/\*([^*]+)\*/g, "<em>$1</em>")
    .replaceAll(/\[([^\]]+)\]\(([^)\s]+)\)/g, (_, label: string, target: string) => link(label, target))
    .replaceAll(
      /\u0000(\d+)\u0000/g,
      (_, at: string) => `<code>${escaped((codes[Number(at)] ?? "").replaceAll(String.raw`\|`, "|"))}</code>`,
    );
};

const cells = (line: string): readonly string[] =>
  line
    .replaceAll(/^\||\|$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());

const table = (lines: readonly string[]): string => {
  const [head = "", , ...rows] = lines;
  const heads = cells(head);
  const header = heads.some((cell) => cell !== "")
    ? `<thead><tr>${heads.map((cell) => (cell === "" ? "<td></td>" : `<th scope="col">${inline(cell)}</th>`)).join("")}</tr></thead>`
    : "";
  const body = rows.map(
    (row) =>
      `<tr>${cells(row)
        .map((cell) => `<td>${inline(cell)}</td>`)
        .join("")}</tr>`,
  );
  return `<table>${header}<tbody>${body.join("")}</tbody></table>`;
};

const items = (lines: readonly string[], tag: "ul" | "ol"): string => {
  const texts = lines.join("\n").split(/\n(?=- |\d+\. )/);
  return `<${tag}>${texts.map((text) => `<li>${inline(text.replace(/^(?:- |\d+\. )/, ""))}</li>`).join("")}</${tag}>`;
};

const fence = /^```\w*\n([\s\S]*?)\n```$/;

const block = (text: string): string => {
  const code = fence.exec(text)?.[1];
  if (code !== undefined) return `<pre>${escaped(code)}</pre>`;
  if (text.startsWith("### ")) return `<h4>${inline(text.slice(4))}</h4>`;
  if (text.startsWith("|")) return table(text.split("\n"));
  if (text.startsWith("- ")) return items(text.split("\n"), "ul");
  if (text.startsWith("1. ")) return items(text.split("\n"), "ol");
  if (/^(?:#|>|!\[|<|\d+\)|[*+] |```)/.test(text)) throw new Error(`this part of Markdown is not known: ${text.slice(0, 60)}`);
  return `<p>${inline(text)}</p>`;
};

/** Blocks: what is between blank lines, and a block of code as a whole. */
const blocksOf = (text: string): readonly string[] =>
  text
    .split(/(^```\w*\n[\s\S]*?\n```$)/m)
    .flatMap((part) => (fence.test(part) ? [part] : part.split(/\n\s*\n/)))
    .map((part) => part.trim())
    .filter((part) => part !== "");

/** @throws Error for what it does not know */
export const markdownHtml = (text: string): string => blocksOf(text).map(block).join("\n");
