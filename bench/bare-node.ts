import { serve } from "@hono/node-server";
import { Hono } from "hono";
import pg from "pg";

/** What `npm run bench self-hosted` measures against: Hono and pg in Node, one query, one answer, nothing else. */
const pool = new pg.Pool({ connectionString: process.env["DATABASE_URL"], max: 10 });
const query = process.env["QUERY"] ?? "";
const params = JSON.parse(process.env["PARAMS"] ?? "[]") as unknown[];

const app = new Hono();
app.get("/v1/services", async (c) => c.json((await pool.query(query, params)).rows));
serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, ({ port }) => void process.stdout.write(`listening on ${port}\n`));
