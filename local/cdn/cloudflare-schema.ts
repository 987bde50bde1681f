import { GraphQLScalarType, buildSchema, valueFromASTUntyped } from "graphql";
import type { GraphQLSchema } from "graphql";

// The slice of Cloudflare's analytics schema that concerns HTTP bytes; type names and scalars are spelt as theirs.
const SDL = `
  scalar string
  scalar uint64
  scalar float64
  scalar Time

  type Query { viewer: viewer }
  type viewer { zones(filter: ZoneFilter_InputObject, limit: uint64): [zone!] }

  input ZoneFilter_InputObject { zoneTag: string, zoneTag_in: [string!] }

  type zone {
    zoneTag: string!
    settings: Settings
    httpRequestsAdaptiveGroups(
      filter: ZoneHttpRequestsAdaptiveGroupsFilter_InputObject
      limit: uint64!
      orderBy: [ZoneHttpRequestsAdaptiveGroupsOrderBy!]
    ): [ZoneHttpRequestsAdaptiveGroups!]!
  }

  type Settings { httpRequestsAdaptiveGroups: NodeLimits }
  type NodeLimits {
    enabled: Boolean!
    maxDuration: uint64!
    maxNumberOfFields: uint64!
    maxPageSize: uint64!
    notOlderThan: uint64!
    availableFields: [string!]!
  }

  input ZoneHttpRequestsAdaptiveGroupsFilter_InputObject {
    AND: [ZoneHttpRequestsAdaptiveGroupsFilter_InputObject]
    datetime_geq: Time
    datetime_lt: Time
    requestSource: string
    clientRequestHTTPHost: string
    clientRequestHTTPHost_in: [string!]
  }

  enum ZoneHttpRequestsAdaptiveGroupsOrderBy {
    clientRequestHTTPHost_ASC clientRequestHTTPHost_DESC
    datetimeHour_ASC datetimeHour_DESC
    sum_edgeResponseBytes_ASC sum_edgeResponseBytes_DESC
  }

  type ZoneHttpRequestsAdaptiveGroups {
    count: uint64!
    dimensions: ZoneHttpRequestsAdaptiveGroupsDimensions
    sum: ZoneHttpRequestsAdaptiveGroupsSum
    avg: ZoneHttpRequestsAdaptiveGroupsAvg
    confidence(level: float64!): ZoneHttpRequestsAdaptiveGroupsConfidence
  }
  type ZoneHttpRequestsAdaptiveGroupsDimensions {
    clientRequestHTTPHost: string!
    datetimeHour: Time!
    requestSource: string!
  }
  type ZoneHttpRequestsAdaptiveGroupsSum { edgeResponseBytes: uint64! }
  type ZoneHttpRequestsAdaptiveGroupsAvg { sampleInterval: float64! }
  type ZoneHttpRequestsAdaptiveGroupsConfidence { level: float64!, sum: ZoneHttpRequestsAdaptiveGroupsConfidenceSum }
  type ZoneHttpRequestsAdaptiveGroupsConfidenceSum { edgeResponseBytes: ConfidenceInterval }
  type ConfidenceInterval { estimate: float64!, lower: float64!, upper: float64!, sampleSize: uint64! }
`;

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** @param withConfidence false: as before October 2025 */
export function buildAnalyticsSchema(withConfidence: boolean): GraphQLSchema {
  const schema = buildSchema(withConfidence ? SDL : SDL.replace(/^ *confidence\(.*$/m, ""));
  acceptOnly(schema, "string", (value) => typeof value === "string");
  acceptOnly(schema, "float64", (value) => typeof value === "number" && Number.isFinite(value));
  acceptOnly(schema, "uint64", (value) => Number.isSafeInteger(value) && Number(value) >= 0);
  acceptOnly(schema, "Time", (value) => typeof value === "string" && RFC3339.test(value) && !Number.isNaN(Date.parse(value)));
  return schema;
}

function acceptOnly(schema: GraphQLSchema, name: string, accepts: (value: unknown) => boolean): void {
  const scalar = schema.getType(name);
  if (!(scalar instanceof GraphQLScalarType)) throw new Error(`no scalar ${name}`);
  scalar.parseValue = (value) => {
    if (!accepts(value)) throw new TypeError(`error parsing args: ${JSON.stringify(value)} is no ${name}`);
    return value;
  };
  scalar.parseLiteral = (node, variables) => scalar.parseValue(valueFromASTUntyped(node, variables));
}
