import { setTimeout as sleep } from "node:timers/promises";
import type { Api } from "./api.ts";
import type { Figure, Screen, Step } from "./screen.ts";
import type { Duo } from "./duo.ts";
import type { Neighbourhood, Outside } from "./outside.ts";
import { site } from "./outside.ts";
import type { Telling } from "./telling.ts";
import { createTelling } from "./telling.ts";
import type { World } from "./world.ts";

export type Routing = {
  readonly state: string;
  readonly reason: string;
  readonly domains: readonly { readonly domain_id: number; readonly status: string; readonly last_error: string | null }[];
  readonly changes: readonly {
    readonly result: string;
    readonly observed: {
      readonly verdict: string;
      readonly resolvers: readonly { readonly source: string; readonly answers: readonly string[] | null }[];
    } | null;
  }[];
  readonly drifts: readonly { readonly left_alone: string | null }[];
};

/** What a scenario has at hand. */
export type Stage<W extends Outside = World> = Pick<Telling, "tell" | "measure" | "until"> & {
  readonly world: W;
  readonly api: Api;
  readonly serviceId: number;
  /** On the screen alone. */
  readonly line: (text: string) => void;
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
  const { steps, figures, end, ...telling } = createTelling(screen, elapsedMs);
  const stage: Stage<W> = {
    world,
    ...actors,
    ...telling,
    line: (text) => screen.line(text),
    always: async (what, forMs, holds) => {
      const deadline = Date.now() + forMs;
      while (Date.now() < deadline) {
        if (!(await holds())) telling.tell(what, false, "it was once not so");
        screen.progress(what);
        await sleep(100);
      }
      telling.tell(what, true, `for ${Math.round(forMs / 1_000)} s`);
    },
    routing: () => actors.api.get<Routing>(`/v1/services/${actors.serviceId}/routing`),
    storms: () => actors.api.get(`/v1/storms?service_id=${actors.serviceId}`),
    weights: () => weightsOf(world.route53.records(world.zoneId).filter(({ name }) => name === `${site.host}.`)),
    switches: () =>
      world.route53.changes.map(({ changes, acceptedAtMs }) => ({
        to: weightsOf(changes.filter(({ action }) => action !== "DELETE").map(({ recordSet }) => recordSet)),
        atMs: acceptedAtMs,
      })),
  };
  try {
    await play(stage);
  } catch (error) {
    end(error);
  }
  return { steps, figures };
};
