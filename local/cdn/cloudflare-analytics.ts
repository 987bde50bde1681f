import { Kind, execute, parse, validate } from "graphql";
import type { FieldNode, GraphQLError, GraphQLResolveInfo } from "graphql";
import { groupsOf, refusal } from "./cloudflare-groups.ts";
import type { AnalyticsLimits, GroupArgs, GroupSource } from "./cloudflare-groups.ts";
import { buildAnalyticsSchema } from "./cloudflare-schema.ts";

export type AnalyticsBackend = GroupSource & {
  /** Zones that the token may read. */
  readonly zoneIds: ReadonlySet<string>;
  readonly limitsOf: (zoneId: string) => AnalyticsLimits;
  /** Whether the zone's plan has the dataset, and is reported. */
  readonly planOf: (zoneId: string) => "told" | "off" | "null_node" | "null_settings";
  readonly confidence: boolean;
};

export type AnalyticsError = { message: string; path: readonly string[] | null; extensions: Record<string, string> };
/** `status` is the one Cloudflare documents for the error; in practice most errors travel inside a 200. */
export type AnalyticsAnswer = { data: unknown; errors: readonly AnalyticsError[] | null; status: number };

type ZoneArgs = {
  filter?: { zoneTag?: string | null; zoneTag_in?: readonly string[] | null } | null;
  limit?: number | null;
};

const [schema, plainSchema] = [buildAnalyticsSchema(true), buildAnalyticsSchema(false)];

/** Parses, validates and runs one analytics query. Any error empties the data, as Cloudflare's endpoint does. */
export async function runAnalyticsQuery(
  backend: AnalyticsBackend,
  query: string,
  variables: Record<string, unknown> | null,
): Promise<AnalyticsAnswer> {
  let document;
  try {
    document = parse(query);
  } catch (error) {
    return refuse(backend, [error as GraphQLError]);
  }
  const offered = backend.confidence ? schema : plainSchema;
  const invalid = validate(offered, document);
  if (invalid.length > 0) return refuse(backend, invalid);
  const result = await execute({
    schema: offered,
    document,
    rootValue: rootOf(backend),
    ...(variables === null ? {} : { variableValues: variables }),
  });
  if (result.errors !== undefined) return refuse(backend, result.errors);
  return { data: result.data, errors: null, status: 200 };
}

function rootOf(backend: AnalyticsBackend): Record<string, unknown> {
  const { limits } = backend;
  let zonesAsked = 0;
  let nodesAsked = 0;
  const zoneOf = (zoneTag: string): Record<string, unknown> => ({
    zoneTag,
    settings: settingsOf(backend, zoneTag),
    httpRequestsAdaptiveGroups(args: GroupArgs, _context: unknown, info: GraphQLResolveInfo) {
      nodesAsked += 1;
      if (nodesAsked > limits.maxScopedNodes) {
        throw refusal(429, "in combination, your request queries too many nodes, zones and accounts");
      }
      if (backend.planOf(zoneTag) === "off") throw refusal(403, `zone '${zoneTag}' does not have access to the path`, "authz");
      const own = backend.limitsOf(zoneTag);
      return groupsOf({ ...backend, limits: own }, zoneTag, args, dimensionsAsked(info.fieldNodes, own));
    },
  });
  const zones = ({ filter, limit }: ZoneArgs): unknown[] => {
    if (filter?.zoneTag != null && filter.zoneTag_in != null) {
      throw refusal(400, "error parsing args for zones: compound filters are not supported");
    }
    const asked = filter?.zoneTag_in ?? (filter?.zoneTag == null ? [...backend.zoneIds] : [filter.zoneTag]);
    const tags = [...new Set(asked)].toSorted();
    const foreign = tags.filter((tag) => !backend.zoneIds.has(tag));
    if (foreign.length > 0) throw refusal(403, `zones [${foreign.join(" ")}] are not authorized`, "authz");
    zonesAsked += tags.length;
    if (zonesAsked > limits.maxZones) {
      throw refusal(400, `cannot query ${zonesAsked} zones, the maximum is ${limits.maxZones}`);
    }
    return tags.slice(0, limit ?? tags.length).map(zoneOf);
  };
  return { viewer: { zones } };
}

/** Names under `dimensions`; grouping follows what is selected. Fragments are refused rather than supported in part. */
function dimensionsAsked(fields: readonly FieldNode[], limits: AnalyticsLimits): ReadonlySet<string> {
  const dimensions = new Set<string>();
  let leaves = 0;
  const visit = (nodes: readonly FieldNode[], parent: string): void => {
    for (const selection of nodes.flatMap((node) => node.selectionSet?.selections ?? [])) {
      if (selection.kind !== Kind.FIELD) throw refusal(400, "query contains error, please review it and retry");
      if (parent === "dimensions") dimensions.add(selection.name.value);
      if (selection.selectionSet === undefined) leaves += 1;
      else visit([selection], selection.name.value);
    }
  };
  visit(fields, "");
  if (leaves > limits.maxNumberOfFields) {
    throw refusal(400, `number of fields can't be more than ${limits.maxNumberOfFields}`);
  }
  return dimensions;
}

function settingsOf(backend: AnalyticsBackend, zoneTag: string): Record<string, unknown> | null {
  const plan = backend.planOf(zoneTag);
  if (plan === "null_settings") return null;
  return { httpRequestsAdaptiveGroups: plan === "null_node" ? null : nodeOf(backend.limitsOf(zoneTag), plan !== "off") };
}

function nodeOf(limits: AnalyticsLimits, enabled: boolean): Record<string, unknown> {
  return {
    enabled,
    maxDuration: limits.maxDurationSeconds,
    maxNumberOfFields: limits.maxNumberOfFields,
    maxPageSize: limits.maxPageSize,
    notOlderThan: limits.notOlderThanSeconds,
    availableFields: [
      "count",
      "avg_sampleInterval",
      "sum_edgeResponseBytes",
      "dimensions_clientRequestHTTPHost",
      "dimensions_datetimeHour",
      "dimensions_requestSource",
    ],
  };
}

function refuse({ now }: AnalyticsBackend, errors: readonly GraphQLError[]): AnalyticsAnswer {
  const timestamp = new Date(now()).toISOString();
  const status = errors[0]?.extensions["status"];
  return {
    data: null,
    status: typeof status === "number" ? status : 400,
    errors: errors.map(({ message, path, extensions: { code } }) => ({
      message,
      path: path?.map(String) ?? null,
      extensions: { timestamp, ...(typeof code === "string" ? { code } : {}) },
    })),
  };
}
