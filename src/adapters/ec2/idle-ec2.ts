import type { Ask } from "./ask.ts";
import { addressListing, filter, type Instance, instanceListing, type Volume, volumeListing } from "./ec2-api.ts";
import { type Listed, listAll } from "./listing.ts";
import { gapOf, type Look, nothing, type Place } from "./look.ts";

/** A filter may have 200 values. */
const instancesPerFilter = 200;

/** Of these instances the volumes, and of which instances they are known. */
const volumesOf = async (ask: Ask, instances: readonly Instance[]): Promise<Listed<Volume> & { readonly known: readonly Instance[] }> => {
  const found = new Map<string, Volume>();
  for (let from = 0; from < instances.length; from += instancesPerFilter) {
    const ids = instances.slice(from, from + instancesPerFilter).map(({ id }) => id);
    const { items, problem } = await listAll(ask, volumeListing, filter("attachment.instance-id", ids));
    if (problem !== null) return { items: [...found.values()], problem, known: instances.slice(0, from) };
    for (const volume of items) found.set(volume.id, volume);
  }
  return { items: [...found.values()], problem: null, known: instances };
};

/** Volumes by the instance that idles with them. One that a running instance has too does not; one of several is the first one's. */
const byInstance = (volumes: readonly Volume[], stopped: ReadonlySet<string>): ReadonlyMap<string, readonly Volume[]> => {
  const idle = volumes.filter(({ instances }) => instances.every((id) => stopped.has(id)));
  return Map.groupBy(idle, ({ instances: [first = ""] }) => first);
};

/** Elastic IPs, volumes and stopped instances of a region. Never throws. */
export const lookAtEc2 = async (ask: Ask, { region, accountOf }: Place): Promise<Look> => {
  const account = accountOf(null);
  const addresses = await listAll(ask, addressListing);
  const loose = await listAll(ask, volumeListing, filter("status", ["available"]));
  const stopped = await listAll(ask, instanceListing, filter("instance-state-name", ["stopped"]));
  const attached = await volumesOf(ask, stopped.items);
  const volumes = byInstance(attached.items, new Set(stopped.items.map(({ id }) => id)));
  return {
    ...nothing,
    addresses: addresses.items.filter(({ isLoose }) => isLoose).map(({ id }) => ({ id, account, region })),
    volumes: loose.items.map(({ id, type, gib }) => ({ id, account, region, type, gib })),
    stoppedInstances: attached.known.map(({ id, owner, stoppedMs }) => ({
      id,
      account: accountOf(owner),
      region,
      stoppedMs,
      volumes: (volumes.get(id) ?? []).map(({ type, gib }) => ({ type, gib })),
    })),
    gaps: [
      ...gapOf("address-unassociated", addressListing.action, addresses.problem),
      ...gapOf("volume-unattached", volumeListing.action, loose.problem),
      ...gapOf("stopped-instance-volumes", instanceListing.action, stopped.problem),
      ...gapOf("stopped-instance-volumes", volumeListing.action, attached.problem),
    ],
  };
};
