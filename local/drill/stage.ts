import { setTimeout as sleep } from "node:timers/promises";
import type { Api } from "./api.ts";
import type { Figure, Screen, Step } from "./screen.ts";
import type { Duo } from "./duo.ts";
import type { Neighbourhood, Outside } from "./outside.ts";
import { site } from "./outside.ts";
import type { World } from "./world.ts";

export type Routing = {
  readonly state: string;
  readonly reason: string;
  readonly domains: readonly { readonly domain_id: number; readonly status: string; readonly last_error: string | null }[];
  readonly changes: readonly {
    readonly result: string;
    readonly observed: { readonly verdict: string; readonly resolvers: readonly { readonly source: string; readonly answers: readonly string[] | null }[] } | null;
  }[];
  readonly drifts: readonly { readonly left_alone: string | null }[];
};

/** What a scenario has at hand. */
export type Stage<W extends Outside = World> = {
  readonly world: W;
  readonly api: Api;
  readonly serviceId: number;
  /** @throws where the step did not happen as described: the scenario ends here */
  readonly tell: (name: string, ok: boolean, detail: string) => void;
  readonly measure: (name: string, value: string, limit: string, ok: boolean) => void;
  /** On the screen alone. */
  readonly line: (text: string) => void;
  /** @throws where it is not seen in time */
  readonly until: <T>(what: string, withinMs: number, look: () => Promise<T | null> | T | null) => Promise<T>;
  /** Looks again and again for so long. @throws where it is once not so */
  readonly always: (what: string, forMs: number, holds: () => Promise<boolean> | boolean) => Promise<void>;
  readonly routing: () => Promise<Routing>;
  readonly storms: () => Promise<readonly { readonly id: number; readonly state: string }[]>;
  /** `100/0` as Route 53 has it now. */
  readonly weights: () => string;
  /** The switches that Route 53 has accepted, oldest first. */
  readonly switches: () => readonly { readonly to: string; readonly atMs: number }[];
};

export type Scenario = {
  readonly title: string;
  /** Variables of the Worker beside the drill's own. */
  readonly env?: Readonly<Record<string, string>>;
  readonly neighbourhood?: Neighbourhood;
  readonly play: (stage: Stage) => Promise<void>;
};

/** A scenario for both providers at once. */
export type DuoScenario = {
  readonly title: string;
  /** Whether the Worker's own probes of the primary go past its public edge. */
  readonly seesInside?: boolean;
  readonly play: (stage: Stage<Duo>) => Promise<void>;
};

/** A step that did not happen: the scenario can not go on. */
class Stuck extends Error {}

type RecordSets = readonly { readonly setIdentifier?: string; readonly weight?: number }[];

const weightsOf = (sets: RecordSets): string =>
  ["primary", "backup"].map((side) => sets.find((set) => set.setIdentifier === side)?.weight ?? "?").join("/");

/** Plays a scenario and never throws for a step that did not happen: it is in the steps. */
export const playScenario = async <W extends Outside>(
  world: W,
  play: (stage: Stage<W>) => Promise<void>,
  actors: { readonly api: Api; readonly serviceId: number },
  screen: Screen,
  elapsedMs: () => number,
): Promise<{ readonly steps: readonly Step[]; readonly figures: readonly Figure[] }> => {
  const steps: Step[] = [];
  const figures: Figure[] = [];
  const note = (name: string, ok: boolean, detail: string): void => {
    const step = { name, ok, atMs: elapsedMs(), detail };
    steps.push(step);
    screen.step(step);
  };
  const tell: Stage<W>["tell"] = (name, ok, detail) => {
    note(name, ok, detail);
    if (!ok) throw new Stuck(name);
  };
  const stage: Stage<W> = {
    world, ...actors, tell,
    measure: (name, value, limit, ok) => void figures.push({ name, value, limit, ok }),
    line: (text) => screen.line(text),
    until: async (what, withinMs, look) => {
      const deadline = Date.now() + withinMs;
      for (;;) {
        const seen = await look();
        if (seen !== null) return seen;
        if (Date.now() > deadline) tell(what, false, `not seen within ${withinMs / 1_000} s`);
        screen.progress(what);
        await sleep(100);
      }
    },
    always: async (what, forMs, holds) => {
      const deadline = Date.now() + forMs;
      while (Date.now() < deadline) {
        if (!(await holds())) tell(what, false, "it was once not so");
        screen.progress(what);
        await sleep(100);
      }
      tell(what, true, `for ${Math.round(forMs / 1_000)} s`);
    },
    routing: () => actors.api.get<Routing>(`/v1/services/${actors.serviceId}/routing`),
    storms: () => actors.api.get(`/v1/storms?service_id=${actors.serviceId}`),
    weights: () => weightsOf(world.route53.records(world.zoneId).filter(({ name }) => name === `${site.host}.`)),
    switches: () =>
      world.route53.changes.map(({ changes, acceptedAtMs }) => ({
        to: weightsOf(changes.filter(({ action }) => action !== "DELETE").map(({ recordSet }) => recordSet)), atMs: acceptedAtMs,
      })),
  };
  try {
    await play(stage);
  } catch (error) {
    if (!(error instanceof Stuck)) note("unexpected", false, String(error));
  }
  return { steps, figures };
};
