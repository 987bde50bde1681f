import { createApp } from "../src/app.ts";
import { encodeCursor } from "../src/http/contract.ts";
import { exampleOf } from "../src/http/openapi/openapi-example.ts";
import { bodies, filters, idsOf, middleOf } from "./history-asks.ts";
import type { Ids } from "./history-asks.ts";
import { tokens } from "./history-frame.ts";
import type { HistoryProxy } from "./history-proxy.ts";
import type { HistoryWorld } from "./history-world.ts";
import { secrets } from "./history-world.ts";

type Actor = { readonly name: string; readonly customerId: number; readonly headers: Readonly<Record<string, string>> };

const actors: readonly Actor[] = [
  { name: "admin", customerId: 1, headers: { authorization: `Bearer ${secrets.ADMIN_TOKEN}`, "x-customer-id": "1" } },
  { name: "big tenant", customerId: 1, headers: { authorization: `Bearer ${tokens.big}` } },
  { name: "small tenant", customerId: 2, headers: { authorization: `Bearer ${tokens.small}` } },
];

const bearers: Readonly<Record<string, string>> = { "/metrics": secrets.METRICS_TOKEN, "/v1/wau/{week}": secrets.WAU_READ_TOKEN };

type Schema = Readonly<Record<string, unknown>>;
type Operation = {
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly requestBody?: { readonly content: { readonly "application/json": { readonly schema: Schema } } };
};
type Document = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
};

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;
const isPaged = (operation: Operation): boolean =>
  operation.parameters?.some(({ in: place, name }) => place === "query" && name === "cursor") === true;

/** Every operation of the API's own document: what reads as an admin and as two tenants, what writes as an admin. */
export const driveApi = async (
  world: HistoryWorld,
  proxy: HistoryProxy,
): Promise<{ readonly operations: number; readonly others: readonly string[] }> => {
  const { client, deps } = world;
  const app = createApp(deps);
  const document = (await (await app.request("/openapi.json")).json()) as Document;
  /** What was answered otherwise than well. */
  const others: string[] = [];
  const token = async (ids: Ids): Promise<string> => {
    const {
      rows: [link],
    } = await client.query<{ id: string; at: string }>(
      "select id, (extract(epoch from expires_at) * 1000)::bigint as at from invoice_links where invoice_id = $1",
      [ids["new invoices"]],
    );
    return (
      (await deps.linkTokens?.sign({ linkId: Number(link?.id), invoiceId: ids["new invoices"] ?? 0, expiresAtMs: Number(link?.at) })) ?? ""
    );
  };
  const filled = async (path: string, ids: Ids): Promise<string> => {
    const parts = path.split("/");
    const values = await Promise.all(
      parts.map(async (part, place) => {
        if (part === "{token}") return await token(ids);
        if (part === "{week}") return "2026-W40";
        return part === "{id}" || part === "{childId}" ? String(ids[parts[place - 1] ?? ""] ?? 1) : part;
      }),
    );
    return values.join("/");
  };
  const ask = async (actor: Actor, method: string, path: string, at: string, what: string, body?: unknown): Promise<void> => {
    const bearer = bearers[path];
    const headers = {
      ...actor.headers,
      ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      ...(body !== undefined && { "content-type": "application/json", "idempotency-key": crypto.randomUUID() }),
    };
    const caller = `${method} ${path}${what}`;
    await proxy.as(`${caller} (${actor.name})`, async () => {
      const response = await app.request(at, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
      await response.text();
      await world.settled();
      if (!response.ok && !(actor.name !== "admin" && [401, 403, 404].includes(response.status)))
        others.push(`${caller} ${response.status}`);
    });
  };

  let operations = 0;
  for (const actor of actors) {
    const ids = await idsOf(client, actor.customerId);
    for (const [path, item] of Object.entries(document.paths)) {
      const get = item["get"];
      if (get === undefined) continue;
      const at = await filled(path, ids);
      await ask(actor, "GET", path, at, "");
      if (isPaged(get)) await ask(actor, "GET", path, `${at}?cursor=${encodeCursor(await middleOf(client, path, ids))}`, ", deep");
      for (const query of filters(world, ids)[path] ?? [])
        await ask(
          actor,
          "GET",
          path,
          `${at}?${query}`,
          `?${query.replace(/=\d{4}-[^&]*/g, "=…").replace(/service_id=\d+/, "service_id=…")}`,
        );
    }
  }
  const [admin] = actors;
  if (admin === undefined) throw new Error("nobody writes");
  const ids = await idsOf(client, admin.customerId);
  const own = bodies(world);
  for (const method of methods) {
    // What is at the end of a path goes before what it is in.
    const paths = Object.entries(document.paths).toSorted(([a], [b]) => (method === "DELETE" ? b.length - a.length : 0));
    for (const [path, item] of paths) {
      const operation = item[method.toLowerCase()];
      if (operation === undefined) continue;
      operations += 1;
      if (method === "GET") continue;
      const schema = operation.requestBody?.content["application/json"].schema;
      const body = own[`${method} ${path}`] ?? (schema === undefined ? undefined : exampleOf(schema, document.components.schemas));
      await ask(admin, method, path, await filled(path, ids), "", body);
    }
  }
  return { operations, others };
};
