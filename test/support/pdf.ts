import { inflateSync } from "node:zlib";

type PdfObject = { readonly head: string; readonly stream: Buffer };

/** The objects of a PDF as Chromium writes them: none of them within another's stream. */
const objectsOf = (pdf: Buffer): ReadonlyMap<string, PdfObject> => {
  const objects = new Map<string, PdfObject>();
  for (const match of pdf.toString("latin1").matchAll(/(\d+) 0 obj\s*(.*?)\s*(?:stream\r?\n|endobj)/gs)) {
    const [whole, id = "", head = ""] = match;
    const start = match.index + whole.length;
    const length = whole.endsWith("endobj") ? 0 : Number(/\/Length (\d+)/.exec(head)?.[1] ?? 0);
    const raw = pdf.subarray(start, start + length);
    objects.set(id, { head, stream: /\/FlateDecode/.test(head) && length > 0 ? inflateSync(raw) : raw });
  }
  return objects;
};

const hex = (text: string): number => Number.parseInt(text, 16);
const letters = (utf16: string): string => (utf16.match(/.{4}/g) ?? []).map((unit) => String.fromCharCode(hex(unit))).join("");

/** Which letters a font's glyphs stand for, by its ToUnicode map (PDF 32000-1, 9.10.3). */
const glyphsOf = (map: string): ReadonlyMap<number, string> => {
  const glyphs = new Map<number, string>();
  for (const [, block = ""] of map.matchAll(/beginbfchar\n(.*?)endbfchar/gs)) {
    for (const [, glyph = "", to = ""] of block.matchAll(/<(\w+)> <(\w+)>/g)) glyphs.set(hex(glyph), letters(to));
  }
  for (const [, block = ""] of map.matchAll(/beginbfrange\n(.*?)endbfrange/gs)) {
    for (const [, first = "", last = "", to = ""] of block.matchAll(/<(\w+)> <(\w+)> <(\w+)>/g)) {
      for (let at = hex(first); at <= hex(last); at += 1) glyphs.set(at, String.fromCharCode(hex(to) + at - hex(first)));
    }
  }
  return glyphs;
};

/** The text of each page of a PDF that Chromium has printed, in the order in which it is drawn and without any space. */
export const pagesOf = (pdf: Buffer): string[] => {
  const objects = objectsOf(pdf);
  const streamOf = (id: string | undefined): string => objects.get(id ?? "")?.stream.toString("latin1") ?? "";
  return [...objects.values()]
    .filter(({ head }) => /\/Type\s*\/Page(?![s\w])/.test(head))
    .map(({ head }) => {
      const fonts = new Map(
        [...head.matchAll(/\/(F\d+) (\d+) 0 R/g)].map(([, name = "", id = ""]) => {
          const map = /\/ToUnicode (\d+) 0 R/.exec(objects.get(id)?.head ?? "")?.[1];
          return [name, glyphsOf(streamOf(map))] as const;
        }),
      );
      let [font, text] = ["", ""];
      for (const [, named, shown = ""] of streamOf(/\/Contents (\d+) 0 R/.exec(head)?.[1]).matchAll(
        /\/(F\d+) [\d.]+ Tf|<([\dA-Fa-f]+)> Tj/g,
      )) {
        if (named !== undefined) font = named;
        else for (const glyph of shown.match(/.{4}/g) ?? []) text += fonts.get(font)?.get(hex(glyph)) ?? "�";
      }
      return text.replaceAll(/\s/g, "");
    });
};
