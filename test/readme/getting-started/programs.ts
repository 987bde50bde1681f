import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Opened } from "../../../local/closers.ts";
import { root } from "../documents.ts";

/** A program that the guide calls, as it was called. `input`: what it was given on standard input. */
export type Call = { readonly program: string; readonly args: readonly string[]; readonly input: string };

/** A checkout of this repository in a directory of its own: what is written to it stays there. */
export const openCheckout = async (dir: string): Promise<void> => {
  await mkdir(join(dir, "rollback-vercel"), { recursive: true });
  for (const name of await readdir(root)) {
    if (![".git", ".secrets", "rollback-vercel"].includes(name)) await symlink(join(root, name), join(dir, name));
  }
  for (const name of await readdir(join(root, "rollback-vercel"))) {
    await symlink(join(root, "rollback-vercel", name), join(dir, "rollback-vercel", name));
  }
};

/** Hands a call over to the test, with files that it names, and prints what comes back. */
const handOver = `#!/usr/bin/env node
const { readFileSync } = require("node:fs");
const [program, ...args] = process.argv.slice(2).map((arg) => (arg.startsWith("file://") ? readFileSync(arg.slice(7), "utf8") : arg));
const input = program === "vercel" && args[0] === "env" ? readFileSync(0, "utf8") : "";
fetch(process.env.GUIDE_CONTROL, { method: "POST", body: JSON.stringify({ program, args, input }) }).then(async (answer) => {
  const said = await answer.text();
  if (!answer.ok) process.exitCode = 1;
  (answer.ok ? process.stdout : process.stderr).write(said);
});
`;

/** What a shell finds in the place of programs that ask for an account or the network. Everything else is what it is. */
const stand = (checkout: string): Readonly<Record<string, string>> => ({
  aws: `exec node "${checkout}/hand-over.cjs" aws "$@"`,
  npm: `[ "$1" = ci ] && exit 0\nPATH="\${PATH#*:}"\nexec npm "$@"`,
  npx: `case "$1 $2" in "wrangler login") exit 0 ;; esac
case "$1" in
  wrangler) shift; exec node "${root}node_modules/wrangler/bin/wrangler.js" "$@" ;;
  tranche) shift; exec node "${root}cli/tranche.js" "$@" ;;
  vercel) exec node "${checkout}/hand-over.cjs" "$@" ;;
esac
echo "the guide calls npx $1" >&2; exit 1`,
});

/**
 * Puts those programs into a directory, first in the path.
 * @param answer carries a call out; what it throws is the program's complaint, and its exit code 1
 * @returns the variables of the shell
 */
export const openPrograms = async (
  opened: Opened,
  checkout: string,
  answer: (call: Call) => Promise<string>,
): Promise<Readonly<Record<string, string>>> => {
  const server = createServer((request, response) => {
    void (async () => {
      try {
        response.end(await answer(JSON.parse(await text(request)) as Call));
      } catch (error) {
        response.writeHead(500).end(`${String(error)}\n`);
      }
    })();
  });
  await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
  opened({ close: () => new Promise((done) => (server.close(() => done()), server.closeAllConnections())) });
  // A refused request is an error here, which a reader sees by its text.
  await writeFile(join(checkout, ".curlrc"), "fail-with-body\n");
  const bin = join(checkout, "programs");
  await mkdir(bin);
  await writeFile(join(checkout, "hand-over.cjs"), handOver);
  for (const [name, script] of Object.entries(stand(checkout)))
    await writeFile(join(bin, name), `#!/bin/bash\n${script}\n`, { mode: 0o755 });
  return {
    PATH: `${bin}:${join(root, "node_modules/node/bin")}:${process.env["PATH"] ?? ""}`,
    GUIDE_CONTROL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  };
};
