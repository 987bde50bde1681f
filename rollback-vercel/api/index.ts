import { waitUntil } from "@vercel/functions";
import type { Built } from "../../src/deployment.ts";
import { answer, build } from "../../src/deployment.ts";

/** Read by Vercel's build. Without it the very same handler runs on Vercel's Node functions. */
export const config = { runtime: "edge" };

let built: Built | null = null;

const handler = (request: Request): Response | Promise<Response> => {
  built ??= build({ PROVIDER: "vercel", ...process.env }, { waitUntil });
  return answer(built, request);
};

/** The edge calls the function, Node functions its `fetch`. */
export default Object.assign(handler, { fetch: handler });
