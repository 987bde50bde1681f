import { randomUUID } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Archive } from "../src/adapters/ports/cost/archive.ts";
import { AppError } from "../src/errors.ts";

const compress = promisify(gzip);

/** Where there is a file system: whole files only, on the disk before they have their name. */
const writeWhole = async (path: string, bytes: Uint8Array): Promise<void> => {
  await mkdir(dirname(path), { recursive: true });
  const unfinished = `${path}.${randomUUID()}.part`;
  try {
    const file = await open(unfinished, "wx");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
};

/** A folder as an archive (`ARCHIVE_URL=file:///...`). */
export const openFolder = (url: string): Archive => {
  const root = fileURLToPath(url);
  return {
    keep: async (key, text) => {
      try {
        await writeWhole(join(root, key), await compress(text));
      } catch (cause) {
        const kind = `archive_${(cause as NodeJS.ErrnoException).code ?? "folder"}`;
        throw new AppError("unavailable", "the archive does not take the events: nothing was stored, send them again", { cause, kind });
      }
    },
  };
};
