import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A batch that waits. */
export type Waiting = { readonly name: string; readonly bytes: number };

/** What is to be sent, and what was read, on disk: each is there for good before what follows from it is done. */
export type Spool = {
  /** Of all that waits, in bytes. */
  readonly bytes: () => number;
  /** What waits, the oldest first. */
  readonly waiting: () => readonly Waiting[];
  readonly add: (texts: readonly string[]) => Promise<void>;
  /** The records of a batch. */
  readonly records: (name: string) => Promise<readonly unknown[]>;
  /** It was received. */
  readonly drop: (name: string) => Promise<void>;
  /** It is refused for good: put aside for somebody to look at. */
  readonly refuse: (name: string) => Promise<void>;
  /** In the place of a batch smaller ones. */
  readonly replace: (name: string, parts: readonly (readonly unknown[])[]) => Promise<void>;
  readonly isDone: (file: string) => boolean;
  readonly done: () => ReadonlySet<string>;
  readonly markDone: (file: string) => Promise<void>;
  /** Forgets files of which this says so. */
  readonly forget: (isGone: (file: string) => boolean) => Promise<void>;
};

const syncDirectory = async (path: string): Promise<void> => {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** Writes a file that is there whole or not at all, whenever the power fails. */
const writeWhole = async (directory: string, name: string, text: string): Promise<void> => {
  const beside = join(directory, `${name}.tmp`);
  const handle = await open(beside, "w", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(beside, join(directory, name));
  await syncDirectory(directory);
};

const batchName = /^\d{12}\.json$/;

/** The lines of the list of what was read; what a kill has cut at its end is no line. */
const linesOf = (text: string): string[] => text.split("\n").slice(0, -1).filter(Boolean);

/** The text of a file; empty where there is none. What can not be read is not taken for nothing: it is about to be written anew. */
const textOf = async (path: string): Promise<string> => {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
};

/** Opens a spool, and tidies what a kill has left of it. */
export const openSpool = async (directory: string): Promise<Spool> => {
  const [batches, refused, list] = [join(directory, "batches"), join(directory, "refused"), join(directory, "done")];
  for (const path of [batches, refused]) await mkdir(path, { recursive: true, mode: 0o700 });
  const sizes = new Map<string, number>();
  for (const name of (await readdir(batches)).toSorted()) {
    if (batchName.test(name)) sizes.set(name, (await stat(join(batches, name))).size);
    else await rm(join(batches, name), { force: true });
  }
  let files = new Set(linesOf(await textOf(list)));
  let next = Number(([...sizes.keys()].at(-1) ?? "0").slice(0, 12)) + 1;

  const rewrite = async (): Promise<void> => await writeWhole(directory, "done", [...files].map((file) => `${file}\n`).join(""));
  await rewrite();

  const put = async (text: string): Promise<void> => {
    const name = `${String(next).padStart(12, "0")}.json`;
    next += 1;
    await writeWhole(batches, name, text);
    sizes.set(name, Buffer.byteLength(text));
  };
  const drop = async (name: string): Promise<void> => {
    await rm(join(batches, name), { force: true });
    sizes.delete(name);
  };

  return {
    bytes: () => [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0),
    waiting: () => [...sizes].map(([name, bytes]) => ({ name, bytes })),
    add: async (texts) => await put(`[${texts.join(",")}]`),
    records: async (name) => JSON.parse(await readFile(join(batches, name), "utf8")) as unknown[],
    drop,
    refuse: async (name) => {
      // Names begin anew with an empty spool.
      await writeFile(join(refused, `${Date.now()}-${name}`), await readFile(join(batches, name)), { mode: 0o600 });
      await drop(name);
    },
    replace: async (name, parts) => {
      for (const part of parts) await put(JSON.stringify(part));
      await drop(name);
    },
    isDone: (file) => files.has(file),
    done: () => files,
    markDone: async (file) => {
      const handle = await open(list, "a", 0o600);
      try {
        await handle.writeFile(`${file}\n`);
        await handle.sync();
      } finally {
        await handle.close();
      }
      files.add(file);
    },
    forget: async (isGone) => {
      const kept = new Set([...files].filter((file) => !isGone(file)));
      if (kept.size === files.size) return;
      files = kept;
      await rewrite();
    },
  };
};
