import { expect, it } from "vitest";
import { portIn } from "../../bench/fresh-workerd.ts";
import { processCpuMs, psTimeMs, schedstatMs } from "../../bench/process-cpu.ts";

it.each([
  ["0:00.15", 150],
  ["  1:02.30\n", 62_300],
  ["00:00:07", 7_000],
  ["2-03:04:05", 183_845_000],
])("reads the CPU time that ps prints as %j", (text, ms) => {
  expect(psTimeMs(text)).toBe(ms);
});

it("reads a thread's CPU time", () => {
  expect(schedstatMs("143877541 16439 11\n")).toBe(143.877541);
});

it.each(["", "-", "TIME\n0:00.15", "0:00,15"])("takes %j for no CPU time", (text) => {
  expect(() => psTimeMs(text)).toThrow(RangeError);
  expect(() => schedstatMs(text)).toThrow(RangeError);
});

it("measures as much of a process as that process does itself", async () => {
  const before = await processCpuMs(process.pid);
  const used = process.cpuUsage();
  while (process.cpuUsage(used).user < 100_000);
  const spent = (await processCpuMs(process.pid)) - before;
  expect(spent).toBeGreaterThan(80);
});

it("waits for all of the line that names the port", () => {
  const line = '{"event":"listen","socket":"http","port":40123}';
  expect(portIn("")).toBeNull();
  expect(portIn(line)).toBeNull();
  expect(portIn(`{"event":"other","port":1}\n${line}\n`)).toBe(40_123);
});
