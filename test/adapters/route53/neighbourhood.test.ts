import { afterEach, describe, expect, it } from "vitest";
import { type Route53Server, startRoute53 } from "../../../local/route53/server.ts";
import { dns, found, half, pair, server, zoneId, useAccount } from "./account.ts";
import { answer, credentials, errorAnswer, fakeClock, route53At } from "./support.ts";

useAccount();

const name = "app.example.com";
const surroundingsOf = async (asked = name, access = dns) => found((await access.read([asked])).get(asked)).surroundings;

describe("what is around a pair", () => {
  it("is nothing where there is nothing", async () => {
    expect(await surroundingsOf()).toBeUndefined();
  });

  it("are the other weighted sets of its name", async () => {
    server.seed(zoneId("example.com"), [...pair("crowd.example.com"), half("crowd.example.com", "canary", 100)]);
    expect(await surroundingsOf("crowd.example.com")).toMatchObject({
      neighbours: [{ type: "CNAME", setIdentifier: "canary", weight: 100, values: ["canary.cdn.example.net"] }],
    });
  });

  it("is a type that is no whole pair, beside one that is steered", async () => {
    const v4 = pair("six.example.com", { type: "A", values: ["192.0.2.1"] });
    server.seed(zoneId("example.com"), [...v4, { name: "six.example.com", type: "AAAA", ttlSeconds: 60, values: ["2001:db8::1"] }]);
    const reading = found((await dns.read(["six.example.com"])).get("six.example.com"));
    expect(reading.records.map(({ type }) => type)).toEqual(["A", "A"]);
    expect(reading.surroundings?.leftBehind).toEqual([expect.stringMatching(/^six\.example\.com AAAA is routed simple/)]);
  });
});

describe("the health of a half", () => {
  const checkId = "aaaaaaaa-2222-3333-4444-555555555555";
  const observed = (...statuses: string[]) =>
    answer(
      "GetHealthCheckStatusResponse",
      `<HealthCheckObservations>${statuses
        .map(
          (status, at) =>
            `<HealthCheckObservation><Region>r-${at % 3}</Region><IPAddress>192.0.2.${at}</IPAddress><StatusReport><Status>${status}</Status>` +
            `<CheckedTime>2026-11-01T00:00:00Z</CheckedTime></StatusReport></HealthCheckObservation>`,
        )
        .join("")}</HealthCheckObservations>`,
    );
  const kind = (more = "") =>
    answer(
      "GetHealthCheckResponse",
      `<HealthCheck><Id>${checkId}</Id><CallerReference>x</CallerReference><HealthCheckConfig><Type>HTTPS</Type>` +
        `${more}</HealthCheckConfig><HealthCheckVersion>1</HealthCheckVersion></HealthCheck>`,
    );
  const [up, down] = ["Success: HTTP Status Code 200, OK", "Failure: The health checker could not establish a connection"];

  /** The account, but health checks as scripted: their paths, and what is answered. */
  const scripted = (answers: { kind?: string; status?: string; error?: ReturnType<typeof errorAnswer> }, clock = fakeClock(Date.now())) => {
    const asked: string[] = [];
    const send: typeof fetch = async (input, init) => {
      const url = String(input);
      const path = new URL(url).pathname.split("/2013-04-01/")[1] ?? "";
      if (!path.startsWith("healthcheck/")) return await fetch(input, init);
      asked.push(path);
      if (answers.error !== undefined) return new Response(answers.error.body, { status: answers.error.status ?? 200 });
      return new Response(path.endsWith("/status") ? (answers.status ?? observed(up)) : (answers.kind ?? kind()));
    };
    return { asked, clock, access: route53At(server.url, { fetch: send, clock }) };
  };
  const seed = () =>
    server.seed(zoneId("example.com"), [
      half("hc.example.com", "primary", 100),
      half("hc.example.com", "backup", 0, { healthCheckId: checkId }),
    ]);

  it.each<[string, Parameters<typeof scripted>[0], string]>([
    ["all checkers succeed", { status: observed(up, up, up) }, "healthy"],
    ["all fail", { status: observed(down, down, down) }, "unhealthy"],
    ["one of five succeeds, which is more than 18 %", { status: observed(up, down, down, down, down) }, "healthy"],
    ["one of six succeeds", { status: observed(up, down, down, down, down, down) }, "unhealthy"],
    ["it is inverted", { kind: kind("<Inverted>true</Inverted>"), status: observed(up) }, "unhealthy"],
    ["it is disabled, whatever is seen", { kind: kind("<Disabled>true</Disabled>"), status: observed(down) }, "healthy"],
    ["it is disabled and inverted", { kind: kind("<Disabled>true</Disabled><Inverted>true</Inverted>") }, "unhealthy"],
    ["nobody has reported yet", { status: observed() }, "unknown"],
    ["it may not be asked after", { error: errorAnswer("AccessDenied", "no", 403) }, "unknown"],
  ])("%#: %s", async (_, answers, expected) => {
    seed();
    const { access } = scripted(answers);
    expect((await surroundingsOf("hc.example.com", access as typeof dns))?.health).toEqual({ [checkId]: expected });
  });

  it("is not asked for where it is calculated: GetHealthCheckStatus does not tell", async () => {
    seed();
    const { access, asked } = scripted({ kind: kind().replace("HTTPS", "CALCULATED") });
    expect((await surroundingsOf("hc.example.com", access as typeof dns))?.health).toEqual({ [checkId]: "unknown" });
    expect(asked).toEqual([`healthcheck/${checkId}`]);
  });

  it("is unknown, and said to dangle, where the check is gone", async () => {
    seed();
    const { access } = scripted({ error: errorAnswer("NoSuchHealthCheck", "gone", 404) });
    expect(await surroundingsOf("hc.example.com", access as typeof dns)).toMatchObject({
      health: { [checkId]: "unknown" },
      dangling: [checkId],
    });
  });

  it("is asked for once in half a minute, its kind once in ten, and never for a pair without checks", async () => {
    seed();
    const { access, asked, clock } = scripted({});
    const read = async () => await access.read(["hc.example.com", "app.example.com"]);
    await read();
    await read();
    expect(asked).toEqual([`healthcheck/${checkId}`, `healthcheck/${checkId}/status`]);
    clock.advance(30_000);
    await read();
    expect(asked.slice(2)).toEqual([`healthcheck/${checkId}/status`]);
  });

  it("of an evaluated alias is that of the records that it points at within the zone", async () => {
    const alias = (dnsName: string) => ({ hostedZoneId: zoneId("example.com"), dnsName, evaluateTargetHealth: true });
    server.seed(zoneId("example.com"), [
      {
        name: "origin.example.com",
        type: "A",
        ttlSeconds: 60,
        values: ["192.0.2.9"],
        setIdentifier: "one",
        weight: 1,
        healthCheckId: checkId,
      },
      { name: "al.example.com", type: "A", setIdentifier: "primary", weight: 100, ttlSeconds: 60, values: ["192.0.2.1"] },
      { name: "al.example.com", type: "A", setIdentifier: "backup", weight: 0, values: [], aliasTarget: alias("origin.example.com.") },
    ]);
    const { access } = scripted({ status: observed(down) });
    expect((await surroundingsOf("al.example.com", access as typeof dns))?.health).toEqual({
      "alias origin.example.com": "unhealthy",
      [checkId]: "unhealthy",
    });
  });
});

describe("zones", () => {
  const open: Route53Server[] = [];
  const account = async (...zones: string[]): Promise<Route53Server> => {
    const own = await startRoute53({ ...credentials, zones: zones.map((one) => ({ name: one })), requestsPerSecond: 1_000, burst: 1_000 });
    open.push(own);
    return own;
  };
  afterEach(async () => {
    for (const own of open.splice(0)) await own.close();
  });
  const [www, shop] = ["www.example.net", "a.shop.example.net"];

  it("fault 4: a pair is still steered beside a child zone that nobody has delegated", async () => {
    const own = await account("example.net", "shop.example.net");
    own.seed(own.zones[0]?.id ?? "", pair(shop));
    const reading = found((await route53At(own.url).read([shop])).get(shop));
    expect(reading.zoneId).toBe(own.zones[0]?.id);
    expect(reading.surroundings?.otherZones).toEqual([
      expect.stringMatching(/^zone shop\.example\.net .* is not delegated by zone example\.net/),
    ]);
  });

  it("fault 4: a pair is still steered where a second zone of the same name has appeared", async () => {
    const own = await account("example.net", "example.net");
    const [first, second] = own.zones.map(({ id }) => id);
    own.seed(first ?? "", pair(www));
    const access = route53At(own.url);
    const reading = found((await access.read([www], undefined, new Map([[www, first ?? ""]]))).get(www));
    expect(reading.zoneId).toBe(first);
    expect(reading.surroundings?.otherZones).toEqual([expect.stringContaining(`(${second})`)]);
    // Without anything to go by there is no telling them apart.
    expect((await access.read([www])).get(www)).toMatchObject({ status: "unprovisioned", zoneId: null });
  });

  it("of several child zones of one name that one counts whose name servers are delegated to", async () => {
    const own = await account("example.net", "shop.example.net", "shop.example.net");
    const [parent, stale, live] = own.zones.map(({ id }) => id);
    own.seed(stale ?? "", pair(shop));
    own.seed(live ?? "", pair(shop));
    const nsOf = (id = "") => own.records(id).find((set) => set.type === "NS")?.values ?? [];
    const differ = nsOf(stale).join() !== nsOf(live).join();
    own.seed(parent ?? "", [{ name: "shop.example.net", type: "NS", ttlSeconds: 300, values: nsOf(live) }]);
    expect(found((await route53At(own.url).read([shop], undefined, new Map([[shop, live ?? ""]]))).get(shop)).zoneId).toBe(live);
    if (differ)
      expect(found((await route53At(own.url).read([shop], undefined, new Map([[shop, stale ?? ""]]))).get(shop)).zoneId).toBe(live);
  });

  it.each(["access-denied", "throttle"] as const)(
    "fault 12: a pair whose zone is known is read though zones cannot be listed (%s)",
    async (kind) => {
      server.setFault({ kind, operations: ["ListHostedZonesByName"] });
      const known = new Map([[name, zoneId("example.com")]]);
      expect(found((await dns.read([name], undefined, known)).get(name)).zoneId).toBe(zoneId("example.com"));
      const listings = () => server.requests.filter(({ path }) => path.endsWith("/hostedzonesbyname")).length;
      const before = listings();
      await dns.read([name], undefined, known);
      expect(listings()).toBe(before);
      // Where it is not known, only the listing could tell.
      expect((await dns.read(["www.example.com"])).get("www.example.com")).toMatchObject({ status: "error" });
    },
  );

  it("fault 12: that a known zone has no pair any more is not believed while zones cannot be listed", async () => {
    server.setFault({ kind: "access-denied", operations: ["ListHostedZonesByName"] });
    for (const _ of [1, 2]) {
      const reading = (await dns.read(["none.example.com"], undefined, new Map([["none.example.com", zoneId("example.com")]]))).get(
        "none.example.com",
      );
      expect(reading).toMatchObject({ status: "error", detail: expect.stringContaining("AWS does not permit this") });
    }
  });
});
