import type { DnsBudget } from "../../ports/steering/dns.ts";
import type { HealthCheck, HealthCheckFailure, HealthChecks, HealthCheckTarget } from "../../ports/steering/health-checks.ts";
import { readCheckObservations } from "./check-messages.ts";
import { describe, failureOf } from "../api/error.ts";
import { readHealthCheckAnswer, readHealthCheckPage, writeCreateHealthCheck, writeUpdateHealthCheck } from "./health-check-messages.ts";
import { pages } from "../api/paging.ts";
import type { Call } from "../api/send.ts";

/** Most that ListHealthChecks returns (Route 53 API reference). */
const pageSize = "1000";

const listing = { path: "healthcheck", root: "ListHealthChecksResponse", read: readHealthCheckPage };

const listAll = async (call: Call): Promise<ReadonlyMap<string, HealthCheck>> => {
  const found = new Map<string, HealthCheck>();
  for await (const { checks } of pages(call, listing, { maxitems: pageSize })) for (const check of checks) found.set(check.id, check);
  return found;
};

const failed = (thrown: unknown): HealthCheckFailure => {
  const failure = failureOf(thrown);
  return { status: "failed", detail: describe(failure), retryable: failure.retryable };
};

const same = (left: HealthCheckTarget | null, right: HealthCheckTarget): boolean =>
  left !== null && left.type === right.type && left.host === right.host && left.port === right.port && left.path === right.path;

/** Health checks of an account. `open` gives access to the API for the duration of one call. */
export const createHealthChecks = (open: (budget: DnsBudget) => Call): HealthChecks => ({
  createCheck: async (reference, target, disabled, budget) => {
    const call = open(budget);
    try {
      const body = writeCreateHealthCheck(reference, target, disabled);
      return {
        status: "done",
        check: await call({ method: "POST", path: "healthcheck", body, root: "CreateHealthCheckResponse", read: readHealthCheckAnswer }),
      };
    } catch (thrown) {
      if (failureOf(thrown).code !== "HealthCheckAlreadyExists") return failed(thrown);
    }
    // Created before with other settings (or by an attempt whose answer was lost), or created and deleted.
    try {
      const check = [...(await listAll(call)).values()].find((one) => one.reference === reference);
      return check !== undefined && same(check.target, target) ? { status: "done", check } : { status: "spent" };
    } catch (thrown) {
      return failed(thrown);
    }
  },

  listChecks: async (budget) => {
    try {
      return { status: "done", checks: await listAll(open(budget)) };
    } catch (thrown) {
      return failed(thrown);
    }
  },

  updateCheck: async ({ id, version }, target, disabled, budget) => {
    try {
      const body = writeUpdateHealthCheck(version, target, disabled);
      const check = await open(budget)({
        method: "POST",
        path: `healthcheck/${id}`,
        body,
        root: "UpdateHealthCheckResponse",
        read: readHealthCheckAnswer,
      });
      return { status: "done", check };
    } catch (thrown) {
      const { code } = failureOf(thrown);
      if (code === "NoSuchHealthCheck") return { status: "missing" };
      return code === "HealthCheckVersionMismatch" ? { status: "stale" } : failed(thrown);
    }
  },

  observeCheck: async (id, budget) => {
    try {
      return {
        status: "done",
        seen: await open(budget)({
          method: "GET",
          path: `healthcheck/${id}/status`,
          root: "GetHealthCheckStatusResponse",
          read: readCheckObservations,
        }),
      };
    } catch (thrown) {
      return failureOf(thrown).code === "NoSuchHealthCheck" ? { status: "missing" } : failed(thrown);
    }
  },

  deleteCheck: async (id, budget) => {
    try {
      await open(budget)({ method: "DELETE", path: `healthcheck/${id}`, root: "DeleteHealthCheckResponse", read: () => null });
      return { status: "done" };
    } catch (thrown) {
      return failureOf(thrown).code === "NoSuchHealthCheck" ? { status: "done" } : failed(thrown);
    }
  },
});
