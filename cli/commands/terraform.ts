import type { Command } from "../command.ts";
import { exit } from "../exit.ts";
import { findService } from "../services.ts";

export const serviceTerraform: Command = {
  name: "service terraform",
  summary: "prints a service as Terraform configuration: its records, and what tranche may do in AWS",
  operands: "SERVICE",
  count: [1, 1],
  flags: { "without-frame": { says: "leaves out versions, policies and role, which a folder has once" } },
  more: "Pairs that are there come with import blocks; weights and health checks are left to tranche: docs/terraform.md",
  run: async ({ session, operands: [named = ""], on, json, answer }) => {
    const { service, client } = await findService(await session(), named);
    const input = { path: { id: service.service_id }, query: { frame: on("without-frame") ? "false" : "true" } as const };
    const pages: string[] = [];
    const accept = json ? "application/json" : "text/plain";
    for await (const page of client.texts("GET /v1/services/{id}/terraform", accept, input)) pages.push(page.trimEnd());
    // In the JSON syntax each page is a file of its own; in the other one they follow each other.
    const files = json ? pages.map((page): unknown => JSON.parse(page)) : [];
    answer(files.length === 1 ? files[0] : files, [pages.join("\n\n")]);
    return exit.ok;
  },
};
