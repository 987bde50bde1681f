import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { scratchDir } from "../support/scratch-dir.ts";
import { programOf, warnWithout } from "../support/self-hosted/tools.ts";
import { read } from "./documents.ts";

const missing = ["bash", "jq"].filter((name) => programOf(name, "") === null);
warnWithout(missing.length === 0 ? "" : null, `docs/self-hosted.md: there is no ${missing.join(", ")} on this machine`);

const section = (await read("docs/self-hosted.md")).split("\n## From the console to an insured domain\n")[1]?.split("\n## ")[0] ?? "";
const block = /^```sh\n(.*?)^```$/ms.exec(section)?.[1] ?? "";

let clone: string;
const program = async (path: string, text: string): Promise<void> => {
  await writeFile(path, `#!/bin/sh\n${text}\n`);
  await chmod(path, 0o755);
};
beforeAll(async () => {
  clone = await mkdtemp(join(scratchDir(), "tranche-self-hosted-guide-"));
  for (const folder of ["bin", "self-hosted"]) await mkdir(join(clone, folder));
  await writeFile(join(clone, "self-hosted/.env"), "TRANCHE_HOST=tranche.example.com\nADMIN_TOKEN=0123abcd\n");
  await program(
    join(clone, "bin/aws"),
    `case "$2" in create-access-key) echo '{"AccessKey": {"AccessKeyId": "AKIA0", "SecretAccessKey": "a/b+c"}}' ;; *) echo '{}' ;; esac`,
  );
  await program(join(clone, "self-hosted/install.sh"), "cp .env seen");
});
afterAll(() => rm(clone, { recursive: true, force: true }));

it.skipIf(missing.length > 0)(
  "leads a self-hosted installation to where step 7 of docs/getting-started.md begins, and shows no secret",
  async () => {
    const { stdout } = await promisify(execFile)(
      "bash",
      ["-c", `set -euo pipefail\n${block}\necho "$URL $(echo "$ADMIN_TOKEN" | wc -c)"`],
      {
        cwd: clone,
        env: { PATH: [join(clone, "bin"), process.env["PATH"] ?? ""].join(delimiter) },
      },
    );
    expect(stdout.trim()).toMatch(/^\{\}\s+https:\/\/tranche\.example\.com 9$/);
    expect((await stat(join(clone, ".secrets"))).mode & 0o777).toBe(0o700);
    // The installer has read the key: it is in the file that the containers are started with.
    expect(await readFile(join(clone, "self-hosted/seen"), "utf8")).toBe(
      "TRANCHE_HOST=tranche.example.com\nADMIN_TOKEN=0123abcd\nAWS_ACCESS_KEY_ID=AKIA0\nAWS_SECRET_ACCESS_KEY=a/b+c\n",
    );
  },
);
