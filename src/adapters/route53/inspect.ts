import type { BesideRecord } from "../../domain/steering/readiness-beside.ts";
import type { RecordSet, Zone } from "./api/messages.ts";
import { permitted, type ReadAt } from "./serving.ts";

const besideTypes = ["HTTPS", "SVCB"];

const beside = ({ name, type, values = [] }: RecordSet): BesideRecord => ({ name, type, values });

/** A name and those above it within its zone, the zone's own included. */
const upwards = (zone: Zone, name: string): readonly string[] => {
  const labels = name === zone.name ? [] : name.slice(0, -zone.name.length - 1).split(".");
  return [...labels.map((_, at) => [...labels.slice(at), zone.name].join(".")), zone.name];
};

/**
 * The HTTPS and SVCB records of a name, and the CAA records that count for it: the closest ones upwards, beyond the zone as well
 * (RFC 8659 §3), as far as reading is permitted.
 * @param above zones of the account above this one, the closest first
 * @throws Route53Error
 */
export const readBeside = async (at: ReadAt, zone: Zone, above: readonly Zone[], name: string): Promise<readonly BesideRecord[]> => {
  const own = (await at(zone, name)).filter(({ type }) => besideTypes.includes(type)).map(beside);
  const places = [
    ...upwards(zone, name).map((place) => ({ in: zone, place })),
    ...above.flatMap((one, index) =>
      upwards(one, (above[index - 1] ?? zone).name)
        .slice(1)
        .map((place) => ({ in: one, place })),
    ),
  ];
  for (const { in: holder, place } of places) {
    const sets = holder === zone ? await at(holder, place) : await permitted(at, holder, place);
    const caa = (sets ?? []).filter(({ type }) => type === "CAA").map(beside);
    if (caa.length > 0) return [...own, ...caa];
  }
  return own;
};
