import { beforeEach, expect, it } from "vitest";
import type { AnswerReading } from "../../../src/adapters/ports/steering/resolver.ts";
import { createApp } from "../../../src/app.ts";
import { pointers, startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";

/** Hole 8: a public name whose address is a private one, in a zone of the attacker's. */

let api: Api;
let token: string;
let path: string;
/** What the resolvers say of a name, by type; null: they are silent. */
const zone = new Map<string, Partial<Record<"A" | "AAAA", readonly string[]>> | null>();

beforeEach(async () => {
  api = await startApi({ ALLOW_PRIVATE_TARGETS: "false", DOMAIN_VERIFICATION: "on" });
  const lookup = async (name: string, type: "A" | "AAAA" | "CNAME"): Promise<AnswerReading[]> => {
    const records = zone.get(name);
    if (records === null) return [{ resolver: "one", status: "silent" }];
    return [{ resolver: "one", status: "answered", answers: type === "CNAME" ? [] : (records?.[type] ?? []) }];
  };
  Object.assign(api.app, { request: createApp({ ...api.deps, lookup: { lookup } }).request });
  token = (await api.onboard("acme")).editor;
  path = `/v1/services/${(await api.service(token)).id}/domains`;
});

it.each([
  ["A", "10.1.2.3"],
  ["A", "127.0.0.1"],
  ["A", "169.254.169.254"],
  ["A", "100.64.0.1"],
  ["A", "172.31.255.255"],
  ["A", "192.168.0.1"],
  ["A", "224.0.0.251"],
  ["A", "0.0.0.0"],
  ["AAAA", "::1"],
  ["AAAA", "fd12:3456::1"],
  ["AAAA", "fe80::1"],
  ["AAAA", "ff02::1"],
  ["AAAA", "::ffff:10.0.0.1"],
  ["AAAA", "::ffff:a00:1"],
  ["AAAA", "64:ff9b::a00:1"],
  ["AAAA", "2002:a00:1::"],
] as const)("refuses a target whose %s record is %s, when it is given and when it is changed", async (type, address) => {
  // One good address beside it does not make it good.
  zone.set("rebound.attacker.com", {
    A: ["93.184.215.14"],
    [type]: ["93.184.215.14", address].filter((one) => one === address || type === "A"),
  });
  const created = await api.call("POST", path, { token, body: { name: "app.example.com", backup_target: "rebound.attacker.com" } });
  expect([created.status, pointers(created)]).toEqual([400, ["/backup_target"]]);
  expect(created.text).toContain(address);
  const { id } = await api.created(path, { name: "app.example.com" }, { token });
  const patched = await api.call("PATCH", `${path}/${id}`, { token, body: { primary_target: "rebound.attacker.com" } });
  expect([patched.status, pointers(patched)]).toEqual([400, ["/primary_target"]]);
});

it("takes a target that leads to public addresses, to none yet, or that nobody can be asked about", async () => {
  zone.set("good.attacker.com", { A: ["93.184.215.14"], AAAA: ["2606:2800:21f:cb07:6820:80da:af6b:8b2c"] });
  zone.set("silent.attacker.com", null);
  for (const [at, target] of ["good.attacker.com", "silent.attacker.com", "nowhere.attacker.com"].entries()) {
    expect((await api.call("POST", path, { token, body: { name: `${at}.example.com`, primary_target: target } })).status, target).toBe(201);
  }
});
