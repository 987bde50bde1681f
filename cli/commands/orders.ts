import type { Call, Command } from "../command.ts";
import { CommandError, exit, usageError } from "../exit.ts";
import type { Found } from "../services.ts";
import { findService } from "../services.ts";
import { plain } from "../text.ts";
import { untilFlag, untilOf } from "../until.ts";

const modes = ["primary", "backup", "frozen"] as const;
type Mode = (typeof modes)[number];

const orderFlags = { reason: { value: "TEXT", says: "why: whoever comes next reads it" }, until: untilFlag };
const everything = { all: { says: "everything of every customer: of admins with the scope freeze" } };

const order = (call: Call): { reason: string; until: string | null } => ({
  reason: call.required("reason"),
  until: untilOf(call.required("until"), Date.now()),
});

const endText = (until: string | null, ends: string): string => (until === null ? `until ${ends}` : `until ${until}`);

/** One service, or everything: not neither, nor both. */
const target = (call: Call): string | null => {
  const [named] = call.operands;
  if ((named === undefined) === !call.on("all")) throw usageError("name a SERVICE, or --all for everything: one of both");
  return named ?? null;
};

const setOverride = async (call: Call, { service, client }: Found, mode: Mode, ends: string): Promise<void> => {
  const body = { mode, ...order(call) };
  const set = await client.request("PUT /v1/services/{id}/routing/override", { path: { id: service.service_id }, body });
  const before = service.override === null ? "" : `; it replaces ${service.override.mode} (${plain(service.override.reason)})`;
  call.answer({ service_id: service.service_id, override: set }, [
    `${plain(service.name)} is ${mode === "frozen" ? "frozen" : `held on its ${mode}`} ${endText(set.until, ends)}, from the next round on${before}`,
  ]);
};

const clearOverride = async (call: Call, { service, client }: Found): Promise<void> => {
  await client.request("DELETE /v1/services/{id}/routing/override", { path: { id: service.service_id } });
  const before = service.override === null ? "it had no override" : `was ${service.override.mode} (${plain(service.override.reason)})`;
  const now =
    service.override?.of_all === true
      ? "has no order of its own, and is still frozen with all services of its customer"
      : "is steered again";
  call.answer({ service_id: service.service_id, override: null }, [`${plain(service.name)} ${now}: ${before}`]);
};

export const freeze: Command = {
  name: "freeze",
  summary: "lets no weights change, of a service or of everything",
  operands: "SERVICE | --all",
  count: [0, 1],
  flags: { ...everything, ...orderFlags },
  run: async (call) => {
    const named = target(call);
    const body = order(call);
    const session = await call.session();
    if (named !== null) {
      await setOverride(call, await findService(session, named), "frozen", "tranche unfreeze");
      return exit.ok;
    }
    const set = await session.client.request("PUT /v1/freeze", { body });
    call.answer({ freeze: set }, [`everything is frozen ${endText(set.until, "tranche unfreeze --all")}, from the next round on`]);
    return exit.ok;
  },
};

export const unfreeze: Command = {
  name: "unfreeze",
  summary: "ends a freeze",
  operands: "SERVICE | --all",
  count: [0, 1],
  flags: everything,
  run: async (call) => {
    const named = target(call);
    const session = await call.session();
    if (named === null) {
      await session.client.request("DELETE /v1/freeze");
      call.answer({ freeze: null }, ["the freeze of everything is lifted"]);
      return exit.ok;
    }
    const found = await findService(session, named);
    const { override, name } = found.service;
    if (override !== null && override.mode !== "frozen")
      throw new CommandError(
        exit.wrong,
        `${name} is not frozen but held on its ${override.mode} (${override.reason}): tranche override clear`,
      );
    await clearOverride(call, found);
    return exit.ok;
  },
};

export const overrideSet: Command = {
  name: "override set",
  summary: "holds a service on a side, or as it is",
  operands: "SERVICE",
  count: [1, 1],
  flags: { to: { value: "MODE", says: "primary, backup or frozen" }, ...orderFlags },
  run: async (call) => {
    const to = call.required("to");
    const mode = modes.find((one) => one === to);
    if (mode === undefined) throw usageError(`--to must be ${modes.join(", ")}, not "${to}"`);
    order(call);
    await setOverride(call, await findService(await call.session(), call.operands[0] ?? ""), mode, "tranche override clear");
    return exit.ok;
  },
};

export const overrideClear: Command = {
  name: "override clear",
  summary: "lets a service be steered again",
  operands: "SERVICE",
  count: [1, 1],
  run: async (call) => {
    await clearOverride(call, await findService(await call.session(), call.operands[0] ?? ""));
    return exit.ok;
  },
};
