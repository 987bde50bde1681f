import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readStored, removeStored, writeStored } from "../../cli/settings.ts";

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "tranche-settings-"));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const stored = { url: "https://tranche.example.com", token: "trn_secret" };
const env = (name: string) => ({ XDG_CONFIG_HOME: join(home, name) });

it("keeps what it reads, and forgets it once", async () => {
  await writeStored(env("well"), stored);
  expect(await readStored(env("well"))).toEqual(stored);
  expect([await removeStored(env("well")), await removeStored(env("well")), await readStored(env("well"))]).toEqual([true, false, null]);
});

it("says which file the disk refuses, without the token, and leaves nothing of it behind", async () => {
  const place = join(home, "odd", "tranche");
  await mkdir(join(place, "credentials.json"), { recursive: true });
  const refused = await writeStored(env("odd"), stored).catch((error: unknown) => error);
  expect(String(refused)).toMatch(/credentials\.json can not be written: /);
  expect(String(refused)).not.toContain("trn_secret");
  expect(await readdir(place)).toEqual(["credentials.json"]);
  await expect(removeStored(env("odd"))).rejects.toThrow(/credentials\.json can not be removed: /);
  await writeFile(join(home, "file"), "");
  await expect(writeStored(env("file"), stored)).rejects.toThrow(/can not be written: /);
});
