import type { Result } from "../../src/client/client.ts";
import type { Command } from "../command.ts";
import { exit } from "../exit.ts";

type Step = Result<"POST /v1/secrets/reseal">;
type Sum = Omit<Step, "next">;

const added = (sums: ReadonlyMap<string, Sum>, { next: _next, ...step }: Step): Sum => {
  const before = sums.get(step.table);
  return {
    table: step.table,
    resealed: step.resealed + (before?.resealed ?? 0),
    unopened: [...(before?.unopened ?? []), ...step.unopened],
    changed: step.changed + (before?.changed ?? 0),
  };
};

const mostNamed = 20;

const line = ({ table, resealed, unopened, changed }: Sum): string[] => {
  const ids = unopened.slice(0, mostNamed).join(", ");
  return [
    `${table}: ${resealed} resealed, ${changed} changed meanwhile, ${unopened.length} not opened`,
    ...(unopened.length === 0 ? [] : [`  not opened, ids: ${ids}${unopened.length > mostNamed ? ", ..." : ""}`]),
  ];
};

export const adminReseal: Command = {
  name: "admin reseal",
  summary: "seals every kept secret with the newest SECRETS_KEY, a hundred at a time",
  more: "Safe to stop and to run again. Exits with 1 where a secret opens with no key of the deployment.",
  run: async (call) => {
    const { client } = await call.session();
    const sums = new Map<string, Sum>();
    let from: Step["next"] = null;
    do {
      const step: Step = await client.request("POST /v1/secrets/reseal", { body: { from } });
      const sum = added(sums, step);
      sums.set(step.table, sum);
      if (step.next?.table === step.table && !call.json) call.io.warn(`${step.table}: ${sum.resealed} so far`);
      from = step.next;
    } while (from !== null);
    const tables = [...sums.values()];
    call.answer(tables, tables.flatMap(line));
    return tables.some(({ unopened }) => unopened.length > 0) ? exit.wrong : exit.ok;
  },
};
