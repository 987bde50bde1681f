import type { Deps } from "../../adapters/ports/deps.ts";
import { writeHcl } from "../../domain/steering/hcl.ts";
import { costs, worth } from "../../http/cost.ts";
import type { App } from "../../http/env.ts";
import { terraformPage } from "../../routes/steering/terraform-page.ts";
import { idOf } from "../asked.ts";
import { viewing } from "../session.ts";
import { setupPath } from "./frame.ts";

/** `/console/setup/{id}/terraform`: the first page of `GET /v1/services/{id}/terraform`, as a file. */
export const registerTerraformFile = (app: App, deps: Deps): void => {
  const charge = worth(deps, costs.reading);
  app.get(`${setupPath}/:id/terraform`, viewing, async (c) => {
    await charge(c, async () => undefined);
    const serviceId = idOf(c);
    const { document } = await terraformPage(deps, c.var.customerId, serviceId, 0, true);
    c.header("Content-Disposition", `attachment; filename="tranche-service-${serviceId}.tf"`);
    return c.text(writeHcl(document), 200);
  });
};
