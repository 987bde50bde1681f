import { describe, expect, it } from "vitest";
import { systemRandom } from "../../../src/adapters/platform/random.ts";
import { createSecrets } from "../../../src/adapters/platform/secrets.ts";

const key = (fill: number): string => btoa(String.fromCharCode(...new Uint8Array(32).fill(fill)));

describe("secrets", () => {
  const secrets = createSecrets([key(1)], systemRandom);

  it("opens what it sealed, and seals the same text differently each time", async () => {
    const [a, b] = [await secrets.seal("tökén", "here"), await secrets.seal("tökén", "here")];
    expect(a).toMatch(/^v1\.[0-9a-f]{8}\.[A-Za-z0-9+/=]+\.[A-Za-z0-9+/=]+$/);
    expect(a).not.toBe(b);
    expect([await secrets.open(a, "here"), await secrets.open(b, "here")]).toEqual(["tökén", "tökén"]);
  });

  it("does not open for another place, once tampered with, or by another key", async () => {
    const sealed = await secrets.seal("token", "customer 1");
    await expect(secrets.open(sealed, "customer 2")).rejects.toThrow();
    const [version, name, iv, text = ""] = sealed.split(".");
    const flipped = `${text.startsWith("A") ? "B" : "A"}${text.slice(1)}`;
    await expect(secrets.open([version, name, iv, flipped].join("."), "customer 1")).rejects.toThrow();
    await expect(createSecrets([key(2)], systemRandom).open(sealed, "customer 1")).rejects.toThrow("SECRETS_KEY");
    await expect(secrets.open("token", "customer 1")).rejects.toThrow("SECRETS_KEY");
  });

  it("opens with older keys and seals with the newest", async () => {
    const old = await secrets.seal("token", "here");
    const rotated = createSecrets([key(2), key(1)], systemRandom);
    expect(await rotated.open(old, "here")).toBe("token");
    const fresh = await rotated.seal("token", "here");
    expect(await createSecrets([key(2)], systemRandom).open(fresh, "here")).toBe("token");
    await expect(secrets.open(fresh, "here")).rejects.toThrow("SECRETS_KEY");
  });
});
