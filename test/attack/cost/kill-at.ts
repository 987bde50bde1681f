import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

/**
 * For `node --import`: kills the process at its nth step (`KILL_AT`), without a word. A step is a change on disk or a request; `KILL_HOW` says
 * whether it dies before the step, after it, or in the middle of what is written.
 */

const [at, how] = [Number(process.env["KILL_AT"]), process.env["KILL_HOW"]];
let steps = 0;

const die = (): never => {
  process.kill(process.pid, "SIGKILL");
  // The signal needs no turn of the loop, but nothing else may have one.
  for (;;);
};

const step = async <Answer>(work: () => Promise<Answer>, torn: () => Promise<unknown> = work): Promise<Answer> => {
  steps += 1;
  if (steps !== at) return await work();
  if (how === "torn") await torn();
  else if (how === "after") await work();
  return die();
};

const { open, rename, rm, writeFile } = promises;
type Handle = Awaited<ReturnType<typeof open>>;

const mortal = (handle: Handle): Handle => {
  const write = handle.writeFile.bind(handle);
  const sync = handle.sync.bind(handle);
  handle.writeFile = async (data) =>
    await step(
      async () => await write(data),
      async () => await write(String(data).slice(0, String(data).length >> 1)),
    );
  handle.sync = async () => await step(sync);
  return handle;
};

promises.open = async (...args) => mortal(await step(async () => await open(...args)));
promises.rename = async (...args) => await step(async () => await rename(...args));
promises.rm = async (...args) => await step(async () => await rm(...args));
promises.writeFile = async (...args) => await step(async () => await writeFile(...args));
syncBuiltinESMExports();

const { fetch } = globalThis;
globalThis.fetch = async (...args) => await step(async () => await fetch(...args));
