import { canonicalName } from "./names.ts";

/** Record types that the Route 53 API knows (RRType of the 2013-04-01 model). */
export const RECORD_TYPES = [
  "A",
  "AAAA",
  "CAA",
  "CNAME",
  "DS",
  "HTTPS",
  "MX",
  "NAPTR",
  "NS",
  "PTR",
  "SOA",
  "SPF",
  "SRV",
  "SSHFP",
  "SVCB",
  "TLSA",
  "TXT",
] as const;
export type RecordType = (typeof RECORD_TYPES)[number];

export interface AliasTarget {
  hostedZoneId: string;
  dnsName: string;
  evaluateTargetHealth: boolean;
}

/** A continent, or a country or `*`, maybe with a part of it. */
export interface GeoLocation {
  continentCode?: string;
  countryCode?: string;
  subdivisionCode?: string;
}

export interface CidrRoutingConfig {
  collectionId: string;
  /** `*`: wherever no other location holds the address. */
  locationName: string;
}

/** One of the three places. `bias`: -99..99. */
export interface GeoProximityLocation {
  awsRegion?: string;
  localZoneGroup?: string;
  coordinates?: { latitude: string; longitude: string };
  bias?: number;
}

/** One resource record set. `name` and the alias name are canonical once inside the store; values are kept as given. */
export interface RecordSet {
  name: string;
  type: RecordType;
  setIdentifier?: string;
  /** 0..255; only together with a set identifier. */
  weight?: number;
  region?: string;
  failover?: "PRIMARY" | "SECONDARY";
  multiValueAnswer?: boolean;
  geoLocation?: GeoLocation;
  geoProximityLocation?: GeoProximityLocation;
  cidrRoutingConfig?: CidrRoutingConfig;
  /** Absent exactly for aliases. */
  ttlSeconds?: number;
  /** Empty exactly for aliases. */
  values: string[];
  aliasTarget?: AliasTarget;
  healthCheckId?: string;
}

export type ChangeAction = "CREATE" | "DELETE" | "UPSERT";

export interface Change {
  action: ChangeAction;
  recordSet: RecordSet;
}

/** What makes a record set one: name, type and set identifier. */
export function isSameSet(left: RecordSet, right: RecordSet): boolean {
  return left.name === right.name && left.type === right.type && left.setIdentifier === right.setIdentifier;
}

/** Copy with canonical names. Throws InvalidNameError. */
export function canonicalRecordSet(recordSet: RecordSet): RecordSet {
  const copy: RecordSet = { ...recordSet, name: canonicalName(recordSet.name), values: [...recordSet.values] };
  if (recordSet.aliasTarget) {
    copy.aliasTarget = { ...recordSet.aliasTarget, dnsName: canonicalName(recordSet.aliasTarget.dnsName) };
  }
  return copy;
}

/** What a DELETE has to repeat exactly: everything; only the order of the values is free. */
export function isIdentical(left: RecordSet, right: RecordSet): boolean {
  return JSON.stringify(comparable(left)) === JSON.stringify(comparable(right));
}

function comparable(set: RecordSet): unknown[] {
  const alias = set.aliasTarget;
  return [
    set.name,
    set.type,
    set.setIdentifier,
    set.weight,
    set.region,
    set.failover,
    set.multiValueAnswer,
    set.ttlSeconds,
    sortedEntries(set.geoLocation),
    sortedEntries(set.geoProximityLocation),
    sortedEntries(set.cidrRoutingConfig),
    [...set.values].sort(),
    alias && [alias.hostedZoneId, alias.dnsName, alias.evaluateTargetHealth],
    set.healthCheckId,
  ];
}

const sortedEntries = (fields: object = {}): unknown[] => Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1));
