import { badBackup } from "./scenarios/bad-backup.ts";
import { bothDown } from "./scenarios/both-down.ts";
import { cloudflareDark } from "./scenarios/cloudflare-dark.ts";
import { contested } from "./scenarios/contested.ts";
import { frozen } from "./scenarios/frozen.ts";
import { halfDark } from "./scenarios/half-dark.ts";
import { healthChecked } from "./scenarios/health-checked.ts";
import { ramp } from "./scenarios/ramp.ts";
import { slowNeighbour } from "./scenarios/slow-neighbour.ts";
import { splitBrain } from "./scenarios/split-brain.ts";
import type { DuoScenario, Scenario } from "./stage.ts";

/** What `--scenario` can stage with one provider, by name. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  "bad-backup": badBackup,
  "both-down": bothDown,
  contested,
  frozen,
  ramp,
  "slow-neighbour": slowNeighbour,
  "health-checked": healthChecked,
};

/** What it can stage with both. */
export const duoScenarios: Readonly<Record<string, DuoScenario>> = {
  "cloudflare-dark": cloudflareDark,
  "split-brain": splitBrain,
  "half-dark": halfDark,
};
