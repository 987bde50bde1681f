import type { z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Change } from "../../adapters/ports/tenants/change.ts";
import type { Service } from "../../adapters/ports/tenants/services.ts";
import { noSuchResource } from "../../auth/guards.ts";
import { serviceFields } from "./service-contract.ts";
import type { serviceInput, servicePatch } from "./service-contract.ts";

type Services = Pick<Deps, "services">;

/** Creates a service. The API and the console do it by the same rules. @throws AppError `conflict` for a name that is taken, `quota`, `not_found` */
export const createService = async (
  { services }: Services,
  customerId: number,
  body: z.infer<typeof serviceInput>,
  change: Change,
): Promise<Service> => {
  const service = await services.create(customerId, serviceFields(body), change);
  if (service === null) throw noSuchResource();
  return service;
};

/** Changes what a body names of a service. @throws AppError `conflict` for a name that is taken, `bad_request`, `not_found` */
export const changeService = async (
  { services }: Services,
  customerId: number,
  serviceId: number,
  body: z.infer<typeof servicePatch>,
  change: Change,
): Promise<Service> => {
  const service = await services.update(customerId, serviceId, serviceFields(body), change);
  if (service === null) throw noSuchResource();
  return service;
};
