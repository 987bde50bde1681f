import { benchApi } from "./api.ts";
import { benchRounds } from "./rounds.ts";

const benches: Readonly<Record<string, () => Promise<void>>> = { rounds: benchRounds, api: benchApi };

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
