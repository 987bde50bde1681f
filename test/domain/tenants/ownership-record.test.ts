import { describe, expect, it } from "vitest";
import { challengeName, judgeProof } from "../../../src/domain/tenants/ownership-record.ts";

const seen = (resolver: string, ...texts: string[]) => ({ resolver, texts });
const silent = (resolver: string) => ({ resolver, texts: null });

describe("judgeProof", () => {
  it.each([
    ["proven", [seen("a", "x", "token"), seen("b", "token")], { status: "proven" }],
    ["proven by a single configured resolver", [seen("a", "token")], { status: "proven" }],
    ["missing where one does not see it", [seen("a", "token"), seen("b")], { status: "missing", resolvers: ["b"] }],
    ["missing where the value is another", [seen("a", "Token"), seen("b", "token ")], { status: "missing", resolvers: ["a", "b"] }],
    ["missing although another is silent", [seen("a"), silent("b")], { status: "missing", resolvers: ["a"] }],
    ["undecided while one is silent", [seen("a", "token"), silent("b")], { status: "undecided", resolvers: ["b"] }],
    ["undecided when nobody was asked", [], { status: "undecided", resolvers: [] }],
  ])("%s", (_, sightings, proof) => {
    expect(judgeProof(sightings, "token")).toEqual(proof);
  });
});

it("puts the challenge below the name", () => {
  expect(challengeName("app.example.com")).toBe("_tranche-challenge.app.example.com");
});
