import { neon, neonConfig } from "@neondatabase/serverless";
import { Hono } from "hono";

/** What `npm run bench api` and `startup` measure against: one query, one answer, nothing else. */
type Env = { DATABASE_URL: string; NEON_FETCH_ENDPOINT: string; QUERY: string; PARAMS: string };

const app = new Hono<{ Bindings: Env }>();

let ask: (() => Promise<unknown>) | null = null;

const connect = (env: Env): (() => Promise<unknown>) => {
  neonConfig.fetchEndpoint = env.NEON_FETCH_ENDPOINT;
  const client = neon(env.DATABASE_URL);
  const params = JSON.parse(env.PARAMS) as unknown[];
  return () => client.query(env.QUERY, params);
};

app.get("/healthz", (c) => c.text("ok"));

app.get("/v1/services", async (c) => {
  ask ??= connect(c.env);
  return c.json(await ask());
});

// oxlint-disable-next-line import/no-default-export -- the entry of a Worker
export default app;
