import { readFile } from "node:fs/promises";
import type { AnchorAnswer } from "./evidence-anchors.ts";
import { verifyAnchor } from "./evidence-anchors.ts";
import type { Trust } from "./evidence-audit.ts";
import { auditBundle } from "./evidence-audit.ts";
import { joinBundles } from "./evidence-bundle.ts";
import { summaryText } from "./evidence-summary.ts";
import { trusted } from "./evidence-signatures.ts";
import { answerHelp } from "./help.ts";

const usage = `Usage: npm run evidence:verify -- (--keys FILE | --key ID... | --unsigned) FILE...

FILE      the answers of GET /v1/storms/{id}/evidence, unchanged and in their order, or their records a line each
--keys    the answer of GET /.well-known/tranche-evidence-keys, kept from when it was trusted
--key     the id of a key that is trusted; the key itself is in the bundle
--anchors FILE  the answer of GET /v1/services/{id}/evidence-anchors: whether they know the same records
--unsigned  asks for no signature: nobody vouches for what is in the bundle
`;

answerHelp(usage);

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const stop = (line: string): never => {
  process.stderr.write(`${line}\n`);
  return process.exit(2);
};

const bytesOf = (file: string): Promise<Uint8Array> =>
  readFile(file).catch((error: unknown) => stop(error instanceof Error ? error.message : String(error)));

/** Records a line each are the array of them. */
const asArray = (bytes: Uint8Array): Uint8Array => {
  if (bytes[0] !== "{".charCodeAt(0)) return bytes;
  const lines = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes).split("\n");
  return new TextEncoder().encode(`[${(lines.at(-1) === "" ? lines.slice(0, -1) : lines).join(",")}]`);
};

const keysIn = async (file: string): Promise<Trust> => {
  const { keys } = JSON.parse(new TextDecoder().decode(await bytesOf(file))) as { keys: { kid: string; x: string }[] };
  return {
    keys: trusted(
      keys.map(({ kid, x }) => ({ keyId: kid, x })),
      null,
    ),
  };
};

const anchorsIn = async (file: string): Promise<readonly AnchorAnswer[]> => {
  const anchors = JSON.parse(new TextDecoder().decode(await bytesOf(file))) as AnchorAnswer[];
  if (!Array.isArray(anchors)) throw new TypeError("no list");
  return anchors;
};

type Asked = { readonly files: readonly string[]; readonly trust: Trust | null; readonly anchors: readonly AnchorAnswer[] };

const parse = async (args: readonly string[]): Promise<Asked> => {
  const files: string[] = [];
  const pinned: string[] = [];
  const anchors: AnchorAnswer[] = [];
  let trust: Trust | null | undefined;
  for (let at = 0; at < args.length; at += 1) {
    const [arg = "", next = ""] = [args[at], args[at + 1]];
    if (arg === "--unsigned") trust = null;
    else if (arg === "--keys" || arg === "--key" || arg === "--anchors") {
      if (next === "") stop(usage);
      if (arg === "--keys") trust = await keysIn(next).catch(() => stop(`${next} holds no keys`));
      else if (arg === "--key") pinned.push(next);
      else anchors.push(...(await anchorsIn(next).catch(() => stop(`${next} holds no anchors`))));
      at += 1;
    } else if (arg.startsWith("-")) stop(usage);
    else files.push(arg);
  }
  if (pinned.length > 0) trust = { pinned };
  if (files.length === 0 || trust === undefined) return stop(usage);
  return { files, trust, anchors };
};

const { files, trust, anchors } = await parse(process.argv.slice(2));
const audit = auditBundle(joinBundles((await Promise.all(files.map(bytesOf))).map(asArray)), trust);
if (audit.ok) {
  const { stormId, serviceId, kinds, ended, follows, head, closing } = audit.bundle;
  say(`ok: storm ${stormId} of service ${serviceId}: ${kinds.join(", ")}${ended ? "" : " (still on)"}`);
  say(trust === null ? "NOT SIGNED, or not asked for it: nobody vouches for it" : `signed by ${audit.signedBy.join(", ")}`);
  say(`${audit.replayed} decisions were replayed, each from the samples that it shows, and follow`);
  for (const { record, seq, why } of audit.remarks) say(`  but record ${record} (seq ${seq}) ${why}`);
  if (closing?.summary !== undefined) say(summaryText(closing.summary));
  say(follows === null ? "the chain begins here" : `it follows record ${follows.seq}, ${follows.hash}, which is not part of this`);
  say(`the chain ends in ${head}`);
  for (const anchor of anchors) {
    const verdict = verifyAnchor(anchor, audit.bundle.records, audit.keys);
    if (!verdict.ok) process.exitCode = 1;
    say(
      verdict.ok
        ? `anchor ${anchor.id} of ${verdict.at} ${verdict.inBundle ? `knows record ${anchor.leaf.seq} as it stands here` : "holds, and is of another part of the chain"}${verdict.stamped ? "; time-stamped: openssl ts -verify" : ""}`
        : `BROKEN: anchor ${anchor.id} ${verdict.reason}`,
    );
  }
} else {
  say(`BROKEN: record ${audit.record}${audit.seq === null ? "" : ` (seq ${audit.seq})`} ${audit.reason}`);
  process.exitCode = 1;
}
