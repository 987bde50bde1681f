/** The load and results of one round, or the sum of several. */
export type RoundLoad = {
  /** Of the shard, and of these the ones left out for lack of room. */
  readonly domains: number;
  readonly leftOut: number;
  /** Paths of the domains that were taken, whether or not there was time to probe them. */
  readonly paths: number;
  /** Successful first probes, and the sum of their latencies: a hanging CDN must not call for more shards. */
  readonly answers: number;
  readonly answeredMs: number;
};

export const noLoad: RoundLoad = { domains: 0, leftOut: 0, paths: 0, answers: 0, answeredMs: 0 };

export const addLoads = (a: RoundLoad, b: RoundLoad): RoundLoad => ({
  domains: a.domains + b.domains,
  leftOut: a.leftOut + b.leftOut,
  paths: a.paths + b.paths,
  answers: a.answers + b.answers,
  answeredMs: a.answeredMs + b.answeredMs,
});

/**
 * The utilisation: the share of the rounds' connection time that probing every path of the shard takes in calm; 1: all
 * of it. Null where no probe was answered.
 */
export const utilisationOf = (load: RoundLoad, rounds: number, connections: number, intervalMs: number): number | null => {
  const taken = load.domains - load.leftOut;
  if (rounds === 0 || load.answers === 0 || taken <= 0) return load.domains === 0 && rounds > 0 ? 0 : null;
  const neededMs = (load.paths * load.answeredMs * load.domains) / (load.answers * taken);
  return neededMs / (rounds * connections * intervalMs);
};

/** A shard as its holder last measured it. */
export type ShardLoad = { readonly utilisation: number };

/** Half of a round's time is the target in calm; the rest is reserved for hanging probes. Between the bounds nothing changes. */
const [lowest, aim, highest] = [0.25, 0.5, 0.75];

const mostShards = 1_024;

/**
 * The recommended number of shards: the present number while that suffices, so that following a recommendation does not cause
 * another. A single overloaded shard counts as well, but a service is never split.
 * @param loads of the present shards; missing ones are unknown
 */
export const shardsWanted = (shards: number, loads: readonly ShardLoad[]): number => {
  if (loads.length === 0) return shards;
  const mean = loads.reduce((sum, { utilisation }) => sum + utilisation, 0) / loads.length;
  const busiest = Math.max(...loads.map(({ utilisation }) => utilisation));
  const rounded = (wanted: number): number => Math.min(mostShards, Math.max(1, Math.ceil(wanted - 1e-9)));
  const forAll = rounded((shards * mean) / aim);
  if (mean > highest || busiest > 1) return Math.max(forAll, rounded((shards * busiest) / highest), Math.min(mostShards, shards + 1));
  return mean < lowest ? Math.min(shards, Math.max(forAll, rounded((shards * busiest) / highest))) : shards;
};
