import type { Neighbour, WeightedRecord } from "../../adapters/ports/steering/dns.ts";
import type { Intent } from "../../adapters/ports/detection/round.ts";
import type { DomainRouting, RoundDomain } from "../../adapters/ports/detection/round-view.ts";
import type { Member, OwnWeights } from "../../domain/steering/group.ts";
import { stillRemembered, withMemberWeights } from "../../domain/steering/group.ts";
import { equalWeights } from "../../domain/steering/steering.ts";
import type { Weights } from "../../domain/steering/steering.ts";

/** A neighbour as a record set that can be named verbatim; null where it is not routed by weight, or cannot be changed. */
const asRecord = (
  name: string,
  { type, setIdentifier, weight, ttl, values, alias, healthCheckId, owned }: Neighbour,
): WeightedRecord | null => {
  if (setIdentifier === undefined || weight === undefined || owned === true) return null;
  const base = { name, type, setIdentifier, weight, ...(healthCheckId !== undefined && { healthCheckId }) };
  if (alias !== undefined) {
    const { hostedZoneId, dnsName, evaluateTargetHealth } = alias;
    return hostedZoneId === undefined ? null : { ...base, alias: { hostedZoneId, dnsName, evaluateTargetHealth } };
  }
  return ttl === undefined || values === undefined ? null : { ...base, ttl, values };
};

/** The record sets of a reading that can be steered with its pair: weighted, of a steered type, and of no traffic policy. */
export const memberRecords = (records: readonly WeightedRecord[] | null, neighbours: readonly Neighbour[]): readonly WeightedRecord[] => {
  const [first] = records ?? [];
  const steered = new Set((records ?? []).map(({ type }) => type));
  return first === undefined ? [] : neighbours.flatMap((one) => (steered.has(one.type) ? (asRecord(first.name, one) ?? []) : []));
};

/** The members of the group of a domain's name, as last read. */
export const membersOf = (routing: Pick<DomainRouting, "records" | "surroundings"> | null): readonly Member[] =>
  memberRecords(routing?.records ?? null, routing?.surroundings?.neighbours ?? []).map(({ type, setIdentifier, weight }) => ({
    type,
    setIdentifier,
    weight,
  }));

/** The members whose weights an intent sets, in API form. */
export const memberChanges = (
  routing: DomainRouting,
  set: readonly Member[],
): readonly { readonly record: WeightedRecord; readonly weight: number }[] =>
  memberRecords(routing.records, routing.surroundings?.neighbours ?? []).flatMap((record) => {
    const member = set.find(({ type, setIdentifier }) => type === record.type && setIdentifier === record.setIdentifier);
    return member === undefined ? [] : [{ record, weight: member.weight }];
  });

/** The surroundings of a pair after an accepted switch. */
export const surroundingsAfter = (routing: DomainRouting, members: readonly Member[] = []): Pick<DomainRouting, "surroundings"> =>
  routing.surroundings == null || members.length === 0
    ? {}
    : { surroundings: { ...routing.surroundings, neighbours: withMemberWeights(routing.surroundings.neighbours, members) } };

/**
 * The members' own weights, to be stored before a switch sets others, so that they can be restored, after a crash
 * as well. Null: nothing to store, or stored already.
 */
export const toRemember = (routing: DomainRouting, intent: Intent): OwnWeights | null =>
  intent.members === undefined || intent.result !== "intent" || (routing.group ?? null) !== null ? null : membersOf(routing);

/** The own weights still to be stored after an accepted switch: an earlier one with unknown outcome may yet take effect. */
export const groupAfter = (routing: DomainRouting, to: Weights, { normal, openIntents }: RoundDomain): OwnWeights | null =>
  stillRemembered(routing.group ?? null, membersOf(routing), openIntents.length === 0 && equalWeights(to, normal));
