import { describe, expect, it } from "vitest";
import { operationIdOf } from "../../../src/http/openapi/operation-id.ts";
import { staticContract } from "../../support/static-contract.ts";

const { document } = await staticContract();
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({
    title: `${method.toUpperCase()} ${path}`,
    id: (operation as { operationId?: string }).operationId ?? "",
  })),
);

describe("the name of an operation", () => {
  it.each([
    ["get", "/v1/services", true, "listServices"],
    ["get", "/v1/services/{id}", false, "getService"],
    ["get", "/v1/services/{id}/storm-policies", true, "listServiceStormPolicies"],
    ["post", "/v1/services/{id}/storm-policies", false, "createServiceStormPolicy"],
    ["patch", "/v1/services/{id}/storm-policies/{childId}", false, "updateServiceStormPolicy"],
    ["delete", "/v1/customers/{id}/tokens/{childId}", false, "deleteCustomerToken"],
    ["put", "/v1/status-page", false, "setStatusPage"],
    ["get", "/v1/status", false, "getStatus"],
    ["post", "/v1/corrections/{id}/approve", false, "approveCorrection"],
    ["post", "/v1/operator/channels/{id}/rotate-secret", false, "rotateOperatorChannelSecret"],
    ["post", "/v1/secrets/reseal", false, "resealSecrets"],
  ] as const)("%s %s (a list: %s) is %s", (method, path, isList, id) => {
    expect(operationIdOf({ method, path, isList })).toBe(id);
  });

  it.each(operations)("of $title is in camelCase: $id", ({ id }) => {
    expect(id).toMatch(/^[a-z]+([A-Z][a-z0-9]*)+$/);
  });

  it("is of one operation alone, whatever the case that a generator makes of it", () => {
    const ids = operations.map(({ id }) => id.toLowerCase());
    expect(new Set(ids).size).toBe(operations.length);
  });

  it("stays what clients were generated with", () => {
    const named = Object.fromEntries(operations.map(({ title, id }) => [title, id]));
    expect(named).toMatchObject({
      "POST /v1/services": "createService",
      "POST /v1/services/{id}/domains/{childId}/verification": "verifyServiceDomain",
      "POST /v1/services/{id}/storm-policies/backtest": "backtestStormPolicy",
      "PUT /v1/services/{id}/usage": "pushServiceUsage",
      "PUT /v1/freeze/services": "setServicesFreeze",
      "GET /v1/invoices/preview": "getInvoicePreview",
      "GET /i/{token}": "getSharedInvoice",
      "GET /status/{slug}": "getPublicStatusPage",
      "GET /v1/status": "getStatus",
      "POST /v1/objectives/status": "queryObjectives",
    });
  });
});
