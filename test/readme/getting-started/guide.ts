import { execFile } from "node:child_process";
import { join } from "node:path";
import { read } from "../documents.ts";

const guideFile = "docs/getting-started.md";

/** A block of commands, and the section in which it stands. */
export type Block = { readonly section: string; readonly text: string };

/** The blocks of the guide for a shell, in its order. */
export const guideBlocks = async (): Promise<readonly Block[]> =>
  (await read(guideFile)).split(/\n## /).flatMap((section) => {
    const [title = ""] = section.split("\n");
    return [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, text = ""]) => ({ section: title, text }));
  });

export type Ran = { readonly code: number; readonly out: string; readonly err: string };

/**
 * A shell that remembers from one block to the next what was exported and unset, as the reader's does.
 * @param input what is pasted where the shell waits
 */
export const openShell = (cwd: string, variables: Readonly<Record<string, string>>, input: string) => {
  const memory = join(cwd, "exported");
  const kept = `declare -px | grep -v -E '^declare -x (PATH|PWD|OLDPWD|SHLVL|_|GUIDE_CONTROL)=' > "${memory}"`;
  return (block: string): Promise<Ran> =>
    new Promise((done) => {
      const script = `set -euo pipefail\nif [ -f "${memory}" ]; then . "${memory}"; fi\n${block}\n${kept}\n`;
      const child = execFile(
        "bash",
        ["-c", script],
        { cwd, env: { HOME: cwd, ...variables }, maxBuffer: 64 * 2 ** 20 },
        (error, out, err) => done({ code: error === null ? 0 : Number(error.code ?? 1), out, err }),
      );
      child.stdin?.end(`${input}\n`);
    });
};
