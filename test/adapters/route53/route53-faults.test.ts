import { describe, expect, it } from "vitest";
import { changesTo, dns, found, server, useAccount } from "./account.ts";
import { credentials, errorAnswer, hastyClock, recordsAnswer, route53At, startRecorder, zonesAnswer } from "./support.ts";

useAccount();

describe("bad days", () => {
  it.each(["reset-after-apply", "hang-after-apply", "truncated-xml"] as const)(
    "a change that happened although its answer was lost (%s) is reported stale, not failed, and reads as done",
    async (kind) => {
      const hasty = route53At(server.url, { timeoutMs: 300 });
      const changes = await changesTo(["www.example.com", "app.example.com"], 0, 100);
      server.setFault({ kind, operations: ["ChangeResourceRecordSets"], times: 1 });
      const results = await hasty.apply(changes);
      expect(results).toMatchObject([
        { status: "stale", detail: expect.stringMatching(/may have succeeded/) },
        { status: "stale", detail: expect.stringMatching(/may have succeeded/) },
      ]);
      expect(server.requests.filter(({ method }) => method === "POST")).toHaveLength(2);
      const readings = await dns.read(["www.example.com"]);
      expect(found(readings.get("www.example.com")).records.map(({ weight }) => weight)).toEqual([0, 100]);
    },
  );

  it.each(["throttle", "prior-request-not-complete", "server-error", "reset"] as const)(
    "%s: succeeds on the third attempt, fails retryable when it lasts",
    async (kind) => {
      const changes = await changesTo(["www.example.com"], 0, 100);
      server.setFault({ kind, operations: ["ChangeResourceRecordSets"], times: 5 });
      expect(await dns.apply(changes)).toMatchObject([{ status: "failed", retryable: true }]);
      expect(await dns.apply(changes)).toMatchObject([{ status: "accepted" }]);
    },
  );

  it("denied reading is an error of its names only, and final", async () => {
    await dns.read(["www.example.com"]);
    server.setFault({ kind: "access-denied", operations: ["ListResourceRecordSets"], times: 1 });
    const readings = await dns.read(["www.example.com", "app.example.com"]);
    const statuses = [...readings.values()].map(({ status }) => status);
    expect(statuses.toSorted()).toEqual(["error", "found"]);
    expect([...readings.values()]).toContainEqual({
      status: "error",
      retryable: false,
      detail: expect.stringMatching(/^AWS does not permit this .*route53:ListResourceRecordSets/),
    });
  });

  it("a listing of zones that fails is an error of every name, and the next reading recovers", async () => {
    server.setFault({ kind: "throttle", operations: ["ListHostedZonesByName"], times: 3 });
    const readings = await dns.read(["www.example.com", "nowhere.example.net"]);
    expect([...readings.values()]).toEqual(Array(2).fill(expect.objectContaining({ status: "error", retryable: true })));
    expect((await dns.read(["www.example.com"])).get("www.example.com")).toMatchObject({ status: "found" });
  });

  it("wrong credentials are final, reported, and not retried", async () => {
    const secretAccessKey = "not-the-right-secret";
    const wrong = route53At(server.url, { credentials: { ...credentials, secretAccessKey } });
    const reading = (await wrong.read(["www.example.com"])).get("www.example.com");
    expect(reading).toMatchObject({ status: "error", retryable: false });
    expect(JSON.stringify(reading)).toMatch(/AWS refused the configured credentials/);
    expect(JSON.stringify(reading)).not.toContain(secretAccessKey);
    expect(server.requests).toHaveLength(1);
  });

  it("a clock that is off is named as such", async () => {
    const late = route53At(server.url, { clock: { ...hastyClock, nowMs: () => Date.now() - 3_600_000 } });
    const reading = (await late.read(["www.example.com"])).get("www.example.com");
    expect(reading).toMatchObject({
      status: "error",
      retryable: false,
      detail: expect.stringMatching(/our clock is off/),
    });
  });

  it("a listing that goes round in circles ends as an error", async () => {
    const next = "<NextDNSName>example.com.</NextDNSName><NextHostedZoneId>Z1</NextHostedZoneId>";
    const recorder = await startRecorder([{ body: zonesAnswer([{ id: "Z1", name: "example.com." }], next) }]);
    try {
      const reading = (await route53At(recorder.url).read(["www.example.com"])).get("www.example.com");
      expect(reading).toMatchObject({ status: "error", detail: expect.stringMatching(/continues where it began/) });
      expect(recorder.sent).toHaveLength(2);
    } finally {
      await recorder.close();
    }
  });

  it("a zone that was deleted and created again is found by the next reading", async () => {
    const recorder = await startRecorder([
      { body: zonesAnswer([{ id: "ZOLD", name: "example.com." }]) },
      errorAnswer("NoSuchHostedZone", "No hosted zone found with ID: ZOLD", 404),
      { body: zonesAnswer([{ id: "ZNEW", name: "example.com." }]) },
      { body: recordsAnswer("") },
    ]);
    try {
      const patient = route53At(recorder.url);
      const first = await patient.read(["www.example.com"]);
      const second = await patient.read(["www.example.com"]);
      expect(first.get("www.example.com")).toMatchObject({ status: "error", retryable: true });
      expect(second.get("www.example.com")).toMatchObject({ status: "unprovisioned", zoneId: "ZNEW" });
    } finally {
      await recorder.close();
    }
  });

  it("status leaves out what could not be asked", async () => {
    server.setFault({ kind: "throttle" });
    expect(await dns.status(["C1"])).toEqual(new Map());
  });
});
