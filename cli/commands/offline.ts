import type { Command } from "../command.ts";
import { exit, usageError } from "../exit.ts";

/** Both are loaded when they are called: they bring the rules of the API and of detection with them, which nothing else here needs. */

export const evidenceVerify: Command = {
  name: "evidence verify",
  summary: "verifies the evidence of a storm, offline: bytes, chain, signatures, and that each decision follows",
  operands: "FILE...",
  count: [1, 10_000],
  offline: true,
  flags: {
    keys: { value: "FILE", says: "the answer of GET /.well-known/tranche-evidence-keys, kept from when it was trusted" },
    key: { value: "ID", many: true, says: "the id of a key that is trusted; the key itself is in the bundle" },
    anchors: {
      value: "FILE",
      many: true,
      says: "the answer of GET /v1/services/{id}/evidence-anchors: whether they know the same records",
    },
    unsigned: { says: "asks for no signature: nobody vouches for what is in the bundle" },
  },
  more: `
FILE is the answer of GET /v1/storms/{id}/evidence, unchanged; of a long storm all its pages in their order; or its records, a
line each. One of --keys, --key and --unsigned is required. Nothing is sent anywhere. Exits with 1 where it is broken.`,
  run: async ({ operands, text, all, on, answer }) => {
    const chosen = [text("keys") !== null, all("key").length > 0, on("unsigned")].filter(Boolean).length;
    if (chosen !== 1) throw usageError("whose signature counts? one of --keys FILE, --key ID and --unsigned is required");
    const { verifyFiles } = await import("../evidence/evidence-verify.ts");
    const trust = on("unsigned") ? null : { keysFile: text("keys"), pinned: all("key") };
    const { ok, json, lines } = await verifyFiles(operands, trust, all("anchors"));
    answer(json, lines);
    return ok ? exit.ok : exit.wrong;
  },
};

export const backtest: Command = {
  name: "backtest",
  summary: "replays a recorded outage (CSV) through the engine that judges rounds",
  operands: "TRACE.csv",
  count: [1, 1],
  offline: true,
  flags: {
    policy: { value: "JSON", says: `a policy, such as '{"threshold_avail":0.9}'; what it does not name has the defaults of the API` },
    interval: { value: "DURATION", says: "how often was probed, 500ms to 1m; 10s where it is not given" },
    cdns: { value: "A,B", says: "the service's CDNs, the primary first: none of them testifies for itself" },
    objective: { value: "PERCENT", says: "says what of that objective's error budget is spent, with and without steering" },
    window: { value: "DAYS", says: "the window of --objective, 1 to 400; 30 where it is not given" },
  },
  more: "TRACE.csv has the columns time,path,vantage,ok,status,latency_ms, sorted by time.",
  run: async ({ operands, text, json, io }) => {
    const { runBacktest, isNamed } = await import("../backtest/backtest.ts");
    try {
      const found = await runBacktest(operands[0] ?? "", {
        policy: text("policy"),
        interval: text("interval"),
        cdns: text("cdns"),
        objective: text("objective"),
        window: text("window"),
        json,
      });
      io.say(found.trimEnd());
      return exit.ok;
    } catch (error) {
      throw isNamed(error) ? usageError(error.message) : error;
    }
  },
};
