import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { createGunzip } from "node:zlib";
import { CommandError, exit } from "../exit.ts";
import type { Source, SourceFile } from "./source.ts";
import { mostFileBytes } from "./source.ts";

/** A file that was changed so lately may not be whole yet. */
const freshMs = 60_000;

async function* limited(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let left = mostFileBytes;
  for await (const part of content) {
    left -= part.byteLength;
    if (left < 0) throw new Error(`it has more than ${mostFileBytes} bytes unpacked`);
    yield part;
  }
}

async function* contentOf(path: string): AsyncGenerator<Uint8Array> {
  const file = createReadStream(path);
  if (!path.endsWith(".gz")) return yield* limited(file as AsyncIterable<Uint8Array>);
  const unpacked = createGunzip();
  file.once("error", (error) => unpacked.destroy(error));
  try {
    yield* limited(file.pipe(unpacked) as AsyncIterable<Uint8Array>);
  } finally {
    file.destroy();
  }
}

/** Files below a folder, as CloudTrail or a copy of its bucket puts them there: `*.json.gz` and `*.json`, but no digests. */
export const folderSource = (folder: string): Source => {
  let seen = new Set<string>();

  const paths = async (): Promise<string[]> => {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
      throw new CommandError(exit.wrong, `${folder} can not be read: ${error instanceof Error ? error.message : String(error)}`);
    });
    return entries
      .filter((entry) => entry.isFile() && /\.json(?:\.gz)?$/.test(entry.name) && !entry.name.startsWith("."))
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => !path.includes(`${sep}CloudTrail-Digest${sep}`))
      .toSorted();
  };

  return {
    files: async function* (done) {
      const found = new Set<string>();
      for (const path of await paths()) {
        const facts = await stat(path).catch(() => null);
        if (facts === null) continue;
        const name = relative(folder, path);
        // Written anew it is another file: what is in it twice is known by its ids.
        const id = JSON.stringify([name, facts.size, Math.floor(facts.mtimeMs)]);
        found.add(id);
        const file: SourceFile = { name, id, isFresh: Date.now() - facts.mtimeMs < freshMs, place: null, open: () => contentOf(path) };
        if (!done.has(id)) yield file;
      }
      seen = found;
    },
    isGone: (id) => !seen.has(id),
  };
};
