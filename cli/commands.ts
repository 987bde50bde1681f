import type { Command } from "./command.ts";
import { breakers } from "./commands/breakers.ts";
import { agent } from "./commands/agent.ts";
import { costAck, costAnomalies, costExpected, costSnooze } from "./commands/cost-anomalies.ts";
import { costBaselines, costMode, costRates, costSummary } from "./commands/cost-standing.ts";
import { costDismiss, costZombies } from "./commands/cost-zombies.ts";
import { costAccounts, costCheck } from "./commands/cost-accounts.ts";
import { costBacktest, costForward } from "./commands/cost.ts";
import { costEvents, costPush } from "./commands/cost-events.ts";
import { doctor } from "./commands/doctor.ts";
import { drill } from "./commands/drill.ts";
import { login, logout } from "./commands/login.ts";
import { objectives } from "./commands/objectives.ts";
import { backtest, evidenceVerify } from "./commands/offline.ts";
import { adminAdjust, adminAdjustments, adminFindings } from "./commands/findings.ts";
import { freeze, overrideClear, overrideSet, unfreeze } from "./commands/orders.ts";
import { adminReseal } from "./commands/reseal.ts";
import { services } from "./commands/services.ts";
import { adminMoveShards, adminShards } from "./commands/shards.ts";
import { serviceTerraform } from "./commands/terraform.ts";
import { status } from "./commands/status.ts";
import { stormList, stormShow } from "./commands/storms.ts";

/** In the order of the help: what is asked at 3 a.m. first. */
export const commands: readonly Command[] = [
  status,
  services,
  freeze,
  unfreeze,
  overrideSet,
  overrideClear,
  stormList,
  stormShow,
  objectives,
  serviceTerraform,
  costSummary,
  costAnomalies,
  costAck,
  costSnooze,
  costExpected,
  costZombies,
  costDismiss,
  costBaselines,
  costRates,
  costMode,
  costEvents,
  costPush,
  breakers,
  doctor,
  adminShards,
  adminMoveShards,
  adminFindings,
  adminAdjustments,
  adminAdjust,
  adminReseal,
  login,
  logout,
  evidenceVerify,
  backtest,
  costBacktest,
  costAccounts,
  costCheck,
  costForward,
  agent,
  drill,
];
