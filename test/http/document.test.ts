import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, it } from "vitest";
import { staticContract } from "../support/static-contract.ts";

const { document, operations } = await staticContract();

describe("/openapi.json", () => {
  it("is OpenAPI 3.1 by an independent validator", async () => {
    const validator = new Validator();
    expect(await validator.validate(structuredClone(document))).toEqual({ valid: true });
    expect(validator.version).toBe("3.1");
  });

  it("is refused by that validator once it is wrong", async () => {
    const wrong = { ...structuredClone(document), paths: { "/v1/services": { get: { responses: { 200: { $ref: 7 } } } } } };
    expect((await new Validator().validate(wrong)).valid).toBe(false);
  });

  it("has no reference that points nowhere", () => {
    const specification = structuredClone(document) as unknown as Record<string, unknown>;
    expect(() => new Validator().resolveRefs({ specification })).not.toThrow();
  });

  it("names each operation once", () => {
    const ids = Object.values(document.paths).flatMap((item) =>
      Object.values(item).map((operation) => (operation as { operationId?: string }).operationId),
    );
    const named = ids.filter((id) => id !== undefined);
    expect(new Set(named).size).toBe(named.length);
  });

  it.each(operations)("$title says what it is, takes and answers", (operation) => {
    const raw = document.paths[operation.path]?.[operation.method.toLowerCase()] as unknown as Record<string, unknown>;
    expect(raw["summary"]).toMatch(/^[A-Z].{5,}/);
    expect(raw["tags"]).toHaveLength(1);
    const inPath = [...operation.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    const described = operation.parameters.filter((parameter) => parameter.in === "path");
    expect(described.map(({ name }) => name)).toEqual(inPath);
    expect(described.every(({ required }) => required)).toBe(true);
    const statuses = Object.keys(operation.responses).map(Number);
    expect(statuses.filter((status) => status < 300)).toHaveLength(1);
    const wanted = [
      ...(operation.scope === "public" ? [] : [500, ...(operation.scope === "other" && statuses.includes(403) ? [403] : [401])]),
      ...(operation.scope === "tenant" || operation.scope === "admin" ? [400, 403] : []),
      ...(inPath.length > 0 && operation.scope !== "other" ? [404] : []),
      ...(operation.body === null ? [] : [400, 413, 415]),
    ];
    expect(statuses).toEqual(expect.arrayContaining(wanted));
  });

  it("has patterns that are regular expressions, and examples and defaults that keep to their schemas", () => {
    const faults: string[] = [];
    const visit = (value: unknown, at: string): void => {
      if (typeof value !== "object" || value === null) return;
      const schema = value as { pattern?: unknown; example?: unknown };
      if (typeof schema.pattern === "string") {
        const pattern = new RegExp(schema.pattern, "u");
        if (typeof schema.example === "string" && !pattern.test(schema.example)) faults.push(at);
      }
      for (const [key, inner] of Object.entries(value)) visit(inner, `${at}/${key}`);
    };
    visit(document, "");
    expect(faults).toEqual([]);
  });
});
