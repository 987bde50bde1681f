import { expect, it } from "vitest";
import { createDnsLog } from "../../../src/adapters/route53/dns-log.ts";
import { freely } from "../../support/budget.ts";

it("reads nothing, writes nothing, says why, and logs one line of JSON for each attempt", async () => {
  const lines: string[] = [];
  const dns = createDnsLog({ log: (line) => lines.push(line) });
  const to = { primary: 0, backup: 100 };
  expect(await dns.read(["a.example.com"], freely)).toEqual(
    new Map([["a.example.com", { status: "error", retryable: false, detail: expect.stringMatching(/no DNS credentials/) }]]),
  );
  expect(lines).toEqual([]);
  expect(await dns.apply([{ domain: "a.example.com", zoneId: "Z1", records: [], to }], freely)).toEqual([
    {
      domain: "a.example.com",
      status: "failed",
      retryable: false,
      detail: expect.stringMatching(/no DNS credentials/),
    },
  ]);
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ event: "dns_not_written", changes: [{ domain: "a.example.com", zoneId: "Z1", to }] }),
  ]);
  await dns.apply([], freely);
  expect(lines).toHaveLength(1);
  expect(await dns.status(["C1"], freely)).toEqual(new Map());
});
