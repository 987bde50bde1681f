import { parseChangeRequest } from "./change-request.ts";
import type { IamRequest } from "./iam.ts";
import type { Call } from "./operations.ts";

/**
 * What IAM is asked about a call (Service Authorization Reference, Route 53). The condition keys of a change are those of its
 * whole batch: every name, type and action that occurs in it. Throws the ApiError of a body that nobody can read.
 */
export function iamRequest({ operation, resource }: Call, body: string): IamRequest {
  const context: IamRequest["context"] = operation === "ChangeResourceRecordSets" ? changeContext(body) : {};
  return { action: `route53:${operation}`, resource, context };
}

function changeContext(body: string): Record<string, readonly string[]> {
  const { changes } = parseChangeRequest(body);
  const distinct = (texts: string[]) => [...new Set(texts)];
  return {
    "route53:ChangeResourceRecordSetsNormalizedRecordNames": distinct(changes.map(({ recordSet }) => recordSet.name.replace(/\.$/, ""))),
    "route53:ChangeResourceRecordSetsRecordTypes": distinct(changes.map(({ recordSet }) => recordSet.type)),
    "route53:ChangeResourceRecordSetsActions": distinct(changes.map(({ action }) => action)),
  };
}
