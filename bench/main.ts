import { answerHelp } from "../local/help.ts";
import { benchApi } from "./api.ts";
import { benchBill } from "./bill.ts";
import { benchCalmYear } from "./calm-year.ts";
import { benchCostWatch } from "./cost-watch.ts";
import { benchCost } from "./cost.ts";
import { benchDetectDelay } from "./detect-delay.ts";
import { benchDetectScale } from "./detect.ts";
import { benchFleet } from "./detect-fleet.ts";
import { benchFleetView } from "./fleet.ts";
import { benchHistory } from "./history.ts";
import { benchIngest } from "./ingest.ts";
import { benchNotify } from "./notify.ts";
import { benchRounds } from "./rounds.ts";
import { benchSelfHosted } from "./self-hosted.ts";
import { benchSlo } from "./slo.ts";
import { benchStartup } from "./startup.ts";
import { benchSteer } from "./steer.ts";

const benchDetect = async (): Promise<void> => {
  await benchDetectScale();
  await benchFleet();
  await benchDetectDelay();
  await benchCalmYear();
};

const benchMoney = async (): Promise<void> => {
  await benchBill();
  await benchIngest();
};

const benches: Readonly<Record<string, () => Promise<void>>> = {
  rounds: benchRounds,
  detect: benchDetect,
  steer: benchSteer,
  notify: benchNotify,
  slo: benchSlo,
  api: benchApi,
  fleet: benchFleetView,
  startup: benchStartup,
  bill: benchMoney,
  cost: benchCost,
  "cost-watch": benchCostWatch,
  "self-hosted": benchSelfHosted,
  history: benchHistory,
};

answerHelp(
  `Usage: npm run bench [NAME...]\n\nMeasures, and prints tables: ${Object.keys(benches).join(", ")}. Without a name all of them, which takes long.\nCOST_SERIES=DIR: labelled series (CSV, with anomaly-windows.json) on which cost-watch judges the detector.\nCOST_EVENTS=N: so many events instead of a million.`,
);
const names = process.argv.slice(2);
const unknown = names.filter((name) => !Object.hasOwn(benches, name));
if (unknown.length > 0) {
  process.stderr.write(`bench: ${unknown.join(", ")} is not a benchmark; there is ${Object.keys(benches).join(", ")}\n`);
  process.exit(2);
}
for (const [name, run] of Object.entries(benches)) {
  if (names.length === 0 || names.includes(name)) await run();
}
process.exit(process.exitCode ?? 0);
