import { badBackup } from "./scenarios/bad-backup.ts";
import { bothDown } from "./scenarios/both-down.ts";
import { contested } from "./scenarios/contested.ts";
import { frozen } from "./scenarios/frozen.ts";
import { ramp } from "./scenarios/ramp.ts";
import type { Scenario } from "./stage.ts";

/** What `--scenario` can stage, by name. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  "bad-backup": badBackup, "both-down": bothDown, contested, frozen, ramp,
};
