import type { Result } from "../../src/client/client.ts";
import { lengthText } from "../text.ts";
import type { Finding } from "./finding.ts";
import { fail, pass, skipped, warn } from "./finding.ts";
import type { Ready } from "./reach.ts";

type Status = Result<"GET /v1/status">;

/** A cron comes every minute, and a run begins a round at once: two may fail to come. */
const silentAfterS = 150;

/** Who has been silent for so long was taken down rather than broken. */
const goneAfterS = 7 * 86_400;

/** Whether some provider's rounds come. */
export const isAlive = ({ providers }: Ready, nowMs: number): boolean =>
  providers.some(({ heartbeat_at: at }) => at !== null && (nowMs - Date.parse(at)) / 1_000 <= silentAfterS);

const cronMend = (name: string): string =>
  name === "local"
    ? "is npm start still running? Its log says what its cron does"
    : `are ${name}'s crons deployed (${name === "vercel" ? "vercel.json, on a plan with one a minute" : "wrangler.toml"})? By hand: GET /internal/cron/tick with CRON_SECRET says what fails`;

/** Whether rounds run, by each provider's latest. */
export const crons = ({ providers, failing_shards: failing }: Ready, nowMs: number): Finding[] => {
  if (providers.length === 0) return [fail("cron", "no round has ever run", cronMend("the deployment"))];
  const alive = providers.map(({ name, heartbeat_at: at }): Finding => {
    const check = `cron of ${name}`;
    const age = at === null ? Number.POSITIVE_INFINITY : (nowMs - Date.parse(at)) / 1_000;
    if (age <= silentAfterS) return pass(check, `its latest round was ${lengthText(age)} ago`);
    const since = at === null ? "it never ran a round" : `its latest round was ${lengthText(age)} ago`;
    return age > goneAfterS && providers.length > 1
      ? warn(check, since, `${cronMend(name)}; nothing to do if it was taken down for good`)
      : fail(check, since, cronMend(name));
  });
  const broken = failing.map(({ shard, provider, failed_rounds: rounds }) =>
    fail(`shard ${shard}`, `its last ${rounds} rounds failed on ${provider}`, `the log of ${provider} says why: event "round failed"`),
  );
  return [...alive, ...(broken.length === 0 ? [pass("shards", "no shard fails")] : broken)];
};

/** How the providers see each other. */
export const peers = ({ providers }: Ready, status: Status | null): Finding[] => {
  if (providers.length < 2)
    return [
      warn(
        "peer",
        "there is no second provider: nobody takes over",
        "deploy the fallback (rollback-vercel/README.md), each with the other's PEER_URL",
      ),
    ];
  return providers.map(({ name, public_ok: ok }): Finding => {
    const check = `public face of ${name}`;
    if (ok === null) return warn(check, "the other provider does not look at it", `set PEER_URL of the other to ${name}'s own origin`);
    if (ok) return pass(check, "the other provider gets its /healthz");
    const error = status?.providers.find((one) => one.name === name)?.public?.error;
    return fail(
      check,
      `the other provider does not get its /healthz${typeof error === "string" ? `: ${error}` : ""}`,
      `is ${name} up, and is PEER_URL of the other its own origin?`,
    );
  });
};

const weaknesses: readonly (readonly [says: string, check: string, mend: string])[] = [
  [
    "the application reaches the database as an owner",
    "database login",
    "give DATABASE_URL a login in the role tranche_app (README.md, Who logs in to the database)",
  ],
  ["evidence is not signed", "signing key", "set EVIDENCE_SIGNING_KEY, the same on both providers (docs/evidence.md)"],
  [
    "one vantage only",
    "vantages",
    "POST /v1/probe-agents, and tranche agent --probe on a machine elsewhere (docs/probe-agents.md); or deploy the second provider",
  ],
  ["no secrets are kept", "secrets key", "set SECRETS_KEY, 32 random bytes in base64, the same on both providers (docs/credentials.md)"],
];

/** No channel can be made without one, so nobody would be told of anything: that is broken, not weak. */
const fatal: readonly string[] = ["secrets key"];

/** What the deployment itself says weakens it. */
export const warnings = (ready: Ready): Finding[] => {
  const panic = ready.panic
    ? [
        warn(
          "panic",
          "a panic is on: no weight and no health check is written, for anybody",
          "DELETE /v1/panic, once it is over (docs/runbook.md)",
        ),
      ]
    : [];
  const said = ready.warnings.map((warning) => {
    const [, check = "deployment", mend = "docs/runbook.md"] = weaknesses.find(([says]) => warning.startsWith(says)) ?? [];
    return (fatal.includes(check) ? fail : warn)(check, warning, mend);
  });
  const well = weaknesses
    .filter(([, check]) => !said.some((one) => one.check === check))
    .map(([, check]) => pass(check, "as it should be"));
  return [...said, ...panic, ...well];
};

/** What admins alone may see. */
export const inside = ({ warnings: said, providers, secrets, shards, shards_wanted: wanted, ownership }: Status): Finding[] => {
  // Without any key it is that one which is missing.
  const keyless = said.some((warning) => warning.startsWith("no secrets are kept"));
  const clocks = providers.flatMap(({ name, clock_skew_seconds: skew, clock_ok: ok }): Finding[] => {
    if (skew === null) return [];
    const check = `clock of ${name}`;
    if (ok === true) return [pass(check, "it agrees with the database's")];
    return [
      fail(
        check,
        `it is ${Math.abs(skew).toFixed(1)} s ${skew > 0 ? "ahead of" : "behind"} the database's`,
        `synchronise the clock of ${name}, or of the database`,
      ),
    ];
  });
  const { lapsing, held, disputed } = ownership;
  return [
    ...clocks,
    keyless
      ? skipped("sealed secrets", "there is no key to open them with")
      : secrets.unknown_keys > 0
        ? fail(
            "sealed secrets",
            `${secrets.unknown_keys} do not open with any key of this deployment`,
            "set SECRETS_KEY, or SECRETS_KEY_PREVIOUS, to the key that sealed them",
          )
        : secrets.previous_keys > 0
          ? warn(
              "sealed secrets",
              `${secrets.previous_keys} are sealed with a previous key`,
              "tranche admin reseal, then take SECRETS_KEY_PREVIOUS away",
            )
          : pass("sealed secrets", "all of them open with the newest key"),
    wanted > shards
      ? warn(
          "number of shards",
          `there are ${shards}, and ${wanted} are needed`,
          `in calm: tranche admin shards --set ${wanted} --reason TEXT`,
        )
      : pass("number of shards", `${shards}, which is enough`),
    lapsing + held + disputed > 0
      ? warn(
          "ownership",
          `proofs of domains: ${lapsing} gone, ${held} held for that, ${disputed} disputed`,
          "put the TXT records back (docs/ownership.md)",
        )
      : pass("ownership", "the proofs of all domains stand"),
  ];
};
