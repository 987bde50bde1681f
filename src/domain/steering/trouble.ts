/**
 * How bad a service's standing is, the worst first: the order in which it is looked at. Of several that are true the first counts.
 * `adapters/db/steering/fleet.ts` says by which facts each is.
 */
export const troubles = {
  held: "a switch would not help: see `reason`",
  failing: "a storm is on, and visitors are still on the primary",
  silent: "nothing was probed for five minutes",
  contested: "somebody keeps changing the weights of a domain, or DNS refuses",
  on_backup: "visitors are on the backup",
  recovering: "the storm gives way, or traffic is going back in steps",
  backup_down: "the primary is well, and the backup would be of no help",
  overridden: "somebody has ordered or frozen it",
  not_ready: "its last readiness check failed",
  none: "nothing is wrong",
} as const;

export type Trouble = keyof typeof troubles;

export const troubleNames = Object.keys(troubles) as [Trouble, ...Trouble[]];

/** For how long a verified domain may be without a sample before its service is `silent`. */
export const silentAfterMs = 300_000;
