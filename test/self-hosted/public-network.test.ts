import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { lookup } from "node:dns";
import { Agent, fetch } from "undici";
import { describe, expect, it } from "vitest";
import { ownHosts, publicAgent, publicLookup } from "../../self-hosted/public-network.ts";

/** A resolver whose answers change, as those of somebody who rebinds a name after it was checked. */
const answering = (...addresses: string[]) =>
  ((_host: string, _options: object, done: (error: null, found: { address: string; family: number }[]) => void) =>
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    )) as unknown as typeof lookup;

const found = (host: string, addresses: readonly string[], own: readonly string[] = [], all = true) =>
  new Promise<unknown>((done) => {
    publicLookup(new Set(own), answering(...addresses))(host, { all }, (error, address) => done(error === null ? address : error.code));
  });

describe("a name that a customer gives", () => {
  it.each([
    ["127.0.0.1"],
    ["10.1.2.3"],
    ["172.16.0.1"],
    ["192.168.1.1"],
    ["169.254.169.254"],
    ["100.64.0.1"],
    ["0.0.0.0"],
    ["::1"],
    ["fd00::1"],
    ["fe80::1"],
    ["::ffff:10.0.0.1"],
  ])("does not lead to %s", async (address) => {
    expect(await found("cdn.example.com", [address])).toBe("EACCES");
    expect(await found("cdn.example.com", [address], [], false)).toBe("EACCES");
  });

  it("leads to its public addresses alone", async () => {
    expect(await found("cdn.example.com", ["10.0.0.1", "93.184.216.34", "2606:2800:220:1::1"])).toEqual([
      { address: "93.184.216.34", family: 4 },
      { address: "2606:2800:220:1::1", family: 6 },
    ]);
    expect(await found("cdn.example.com", ["10.0.0.1", "93.184.216.34"], [], false)).toBe("93.184.216.34");
  });
});

it("what the operator names may be anywhere", async () => {
  const own = ownHosts({ ARCHIVE_ENDPOINT: "http://MinIO:9000", NAME: "not a url", EMPTY: "", GONE: undefined });
  expect([...own]).toEqual(["minio"]);
  expect(await found("minio", ["172.18.0.5"], [...own])).toEqual([{ address: "172.18.0.5", family: 4 }]);
});

it("what the operator names in a list is his as well, and what is not fetched is nobody's", () => {
  const own = ownHosts({
    DOH_ENDPOINTS: "https://dns1.lan/dns-query, https://10.0.0.53/dns-query,http://[fd00::53]:8053/",
    DATABASE_URL: "postgresql://tranche:secret@postgres/tranche",
    SMTP_URL: "smtp://relay.lan",
    CREDIT_CANARIES: "fastly=https://canary.lan/c",
  });
  expect([...own]).toEqual(["dns1.lan", "10.0.0.53", "fd00::53", "canary.lan"]);
});

it.each(["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433"])("nothing is sent to %s, which is not looked up", async (host) => {
  const server = createServer((_request, response) => void response.end("inside"));
  server.listen(0, "::");
  await once(server, "listening");
  const url = `http://${host}:${(server.address() as AddressInfo).port}/`;
  const [guarded, owned] = [publicAgent(new Set()), publicAgent(ownHosts({ X: url }))];
  const asked = async (dispatcher: Agent): Promise<string> =>
    await fetch(url, { dispatcher }).then(
      (answer) => answer.text(),
      (error: Error) => String((error.cause as { code?: string }).code),
    );
  expect([await asked(guarded), await asked(owned)]).toEqual(["EACCES", "inside"]);
  await Promise.all([guarded.close(), owned.close()]);
  server.close();
});

it("nothing is sent to a name of this machine, which a plain agent would reach", async () => {
  const server = createServer((_request, response) => void response.end("inside"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://localhost:${(server.address() as AddressInfo).port}/`;
  const plain = new Agent();
  const guarded = publicAgent(new Set());
  const owned = publicAgent(ownHosts({ X: url }));
  const asked = async (dispatcher: Agent): Promise<string> =>
    await fetch(url, { dispatcher }).then(
      (answer) => answer.text(),
      (error: Error) => String((error.cause as { code?: string }).code),
    );
  expect([await asked(plain), await asked(guarded), await asked(owned)]).toEqual(["inside", "EACCES", "inside"]);
  await Promise.all([plain.close(), guarded.close(), owned.close()]);
  server.close();
});
