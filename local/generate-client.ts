import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { createApp } from "../src/app.ts";
import { parseConfig } from "../src/config.ts";
import { buildDeps } from "../src/deps.ts";
import { openApiDocument } from "../src/http/openapi/openapi-document.ts";
import { clientTypes } from "./client-types.ts";
import { answerHelp } from "./help.ts";

answerHelp(
  "Usage: npm run client:generate\n\nWrites src/client/operations.ts, the types of the client, from the OpenAPI document. Run it after changing a route.",
);

/** The database is never queried: the document follows from the code alone. */
const app = createApp(buildDeps(parseConfig({ DATABASE_URL: "postgresql://nobody:nothing@localhost/none", PROVIDER: "local" })));
const file = fileURLToPath(new URL("../src/client/operations.ts", import.meta.url));
const before = await readFile(file, "utf8").catch(() => "");
const after = clientTypes(openApiDocument(app));
if (after !== before) await writeFile(file, after);
process.stdout.write(`${file}: ${after === before ? "unchanged" : "written"}\n`);
