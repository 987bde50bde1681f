import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { programOf, ran, warnWithout } from "../support/self-hosted/tools.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const scripts = ["self-hosted/install.sh", "self-hosted/database.sh", "test/self-hosted/stubs/docker", "test/self-hosted/stubs/curl"];

const shellcheck = programOf("shellcheck", "SHELLCHECK_PATH");
warnWithout(shellcheck, "shell scripts of self-hosted/: there is no shellcheck on this machine (apt-get install shellcheck)");

/** Shells that may be /bin/sh: Debian's, Alpine's and the strictest there is, as far as this machine has them. */
const shells = [
  ["sh", []],
  ["dash", []],
  ["busybox", ["sh"]],
  ["bash", ["--posix"]],
  ["ksh", []],
] as const;

describe.each(scripts)("%s", (script) => {
  it.each(shells.filter(([name]) => programOf(name, "NO_VARIABLE") !== null))("is syntax of %s", (name, args) => {
    expect(ran(name, [...args, "-n", script], { cwd: root })).toEqual({ code: 0, output: "" });
  });

  it.skipIf(shellcheck === null)("has nothing that shellcheck would not write", () => {
    expect(ran(shellcheck ?? "", ["--shell=sh", "--severity=style", script], { cwd: root })).toEqual({ code: 0, output: "" });
  });

  it("names no shell but the one that is everywhere", () => {
    expect(readFileSync(`${root}/${script}`, "utf8").split("\n")[0]).toBe("#!/bin/sh");
  });
});

describe("install.sh help", () => {
  it("names every command, and exits well", () => {
    const { code, output } = ran("sh", ["self-hosted/install.sh", "help"], { cwd: root });
    expect(code).toBe(0);
    for (const command of ["install", "upgrade", "backup", "restore", "status", "uninstall", "compose"])
      expect(output).toContain(`\n  ${command} `);
  });

  it.each([
    [["dance"], "there is no dance"],
    [["backup", "--yes"], "backup does not take --yes"],
    [["install", "--host", "https://x.example"], "--host is a name such as"],
    [["install", "--host", "x"], "--host is a full name"],
    [["install", "--email", "nobody"], "--email is an address"],
    [["restore"], "which dump?"],
    [["restore", "/nowhere.dump"], "there is no file /nowhere.dump"],
  ])("refuses %j, and says why", (args, why) => {
    const { code, output } = ran("sh", ["self-hosted/install.sh", ...args], { cwd: root });
    expect(code).toBe(1);
    expect(output).toContain(why);
  });
});
