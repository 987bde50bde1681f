import { createConfig, lintFromString } from "@redocly/openapi-core";
import { expect, it } from "vitest";
import { staticContract } from "../../support/static-contract.ts";

const { document } = await staticContract();

const problemsOf = async (source: unknown): Promise<readonly string[]> => {
  const config = await createConfig({ extends: ["recommended-strict"] });
  const problems = await lintFromString({ source: JSON.stringify(source), absoluteRef: "openapi.json", config });
  return problems.map(({ ruleId, message, location: [at] }) => `${ruleId} ${at?.pointer ?? ""}: ${message}`);
};

it("has nothing for a known linter to find, be it a warning", async () => {
  expect(await problemsOf(document)).toEqual([]);
});

it("is found at fault by that linter once it is", async () => {
  const { servers: _, ...without } = document as typeof document & { servers?: unknown };
  expect(await problemsOf(without)).toEqual([expect.stringMatching(/^no-empty-servers /)]);
});

it("is served where it was read, under any name, with each tag told", () => {
  const { servers, tags } = document as typeof document & { servers?: unknown; tags?: readonly { name: string }[] };
  expect(servers).toEqual([{ url: "/", description: expect.any(String) as string }]);
  const used = Object.values(document.paths).flatMap((item) =>
    Object.values(item).flatMap((one) => (one as { tags?: string[] }).tags ?? []),
  );
  expect(tags?.map(({ name }) => name)).toEqual([...new Set(used)]);
});
