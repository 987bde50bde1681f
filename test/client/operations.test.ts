import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { clientTypes } from "../../local/client-types.ts";
import { createApp } from "../../src/app.ts";
import { parseConfig } from "../../src/config.ts";
import { buildDeps } from "../../src/deps.ts";
import { openApiDocument } from "../../src/http/openapi/openapi-document.ts";

it("has the types of the client as the document has them: else run npm run client:generate", async () => {
  const deps = buildDeps(parseConfig({ DATABASE_URL: "postgresql://u:p@localhost/none", PROVIDER: "local" }));
  const stored = await readFile(new URL("../../src/client/operations.ts", import.meta.url), "utf8");
  expect(clientTypes(openApiDocument(createApp(deps)))).toBe(stored);
});
