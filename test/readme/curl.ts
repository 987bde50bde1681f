import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Lets bash do the quoting and the variables, and takes what curl would be called with: curl need not be there. */
export const argumentsOf = async (command: string, variables: Readonly<Record<string, string>>): Promise<string[]> => {
  const script = `curl() { printf '%s\\0' "$@"; }\n${command}`;
  const { stdout } = await promisify(execFile)("bash", ["-euc", script], { env: { PATH: process.env["PATH"], ...variables } });
  return stdout.split("\0").slice(0, -1);
};

/** The few options of curl that documents need. @throws on any other */
export const asRequest = (args: readonly string[]): { url: string; init: RequestInit } => {
  const headers = new Headers();
  const urls: string[] = [];
  const init: RequestInit = { headers };
  for (let at = 0; at < args.length; at += 1) {
    const option = args[at] ?? "";
    const value = args[at + 1] ?? "";
    if (!option.startsWith("-")) {
      urls.push(option);
      continue;
    }
    // Only says that the answer is shown as it comes.
    if (option === "-N") continue;
    at += 1;
    // Where the answer is written to.
    if (option === "-o" || option === "-D") continue;
    if (option === "-X") init.method = value;
    else if (option === "-H") headers.append(value.slice(0, value.indexOf(":")), value.slice(value.indexOf(":") + 1).trim());
    else if (option === "-d") init.body = value;
    else throw new Error(`a document uses curl ${option}, which this test does not know`);
  }
  if (urls.length !== 1) throw new Error(`curl with ${urls.length} URLs`);
  // As curl: a body alone makes a POST, and is a form unless a header says otherwise.
  if (init.body !== undefined) init.method ??= "POST";
  if (init.body !== undefined && !headers.has("content-type")) headers.set("content-type", "application/x-www-form-urlencoded");
  return { url: urls[0] ?? "", init };
};
