import { expect, it } from "vitest";
import { useWorld } from "../support/use-world.ts";

const { world } = useWorld();

it("a switch that shadow mode keeps from being made is stored once, not once a round", async () => {
  const { roundsOf, dns, seed, history, override } = world;
  dns.put("app.example.test", 50, 50);
  dns.put("no-backup.example.test", 50, 50, { type: "A" });
  const { serviceId } = await seed({
    steering: "shadow",
    domains: [{ name: "app.example.test" }, { name: "no-backup.example.test", backup: null }],
  });
  await roundsOf(8);
  expect(await history()).toEqual(Array.from({ length: 2 }, () => "50/50>100/0 calm shadow"));
  await override(serviceId, "backup");
  await roundsOf(4);
  expect((await history()).slice(2), "another one is another row").toEqual(["100/0>0/100 override shadow", "50/50>0/100 override shadow"]);
});
