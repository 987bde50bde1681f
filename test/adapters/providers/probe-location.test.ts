import { describe, expect, it } from "vitest";
import { createColo, fixedPlace } from "../../../src/adapters/providers/probe-location.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

const trace = "fl=1\nh=www.cloudflare.com\nip=2001:db8::1\ncolo=FRA\nloc=DE\n";

describe("createColo", () => {
  it("knows the colo once it has asked, and asks once an hour", async () => {
    const clock = createFakeClock();
    let asked = 0;
    const colo = createColo(async () => new Response((asked += 1) < 3 ? trace : trace.replace("FRA", "CDG")), clock);
    expect(colo.known()).toBeNull();
    await colo.look();
    expect(colo.known()).toBe("FRA");
    await colo.look();
    await clock.advance(3_600_000);
    await colo.look();
    expect(asked).toBe(2);
    await clock.advance(3_600_000);
    await colo.look();
    expect(colo.known()).toBe("CDG");
  });

  it("is not known where the answer does not tell or does not come, and nothing is thrown", async () => {
    for (const send of [
      async () => new Response("colo=<script>"),
      async () => new Response("", { status: 500 }),
      () => Promise.reject(new Error("away")),
    ]) {
      const colo = createColo(send, createFakeClock());
      await colo.look();
      expect(colo.known()).toBeNull();
    }
  });

  it("keeps what it knew when it can not ask again", async () => {
    const clock = createFakeClock();
    const answers = [async () => new Response(trace), () => Promise.reject(new Error("away"))];
    const colo = createColo(() => (answers.shift() ?? answers[0])?.() ?? Promise.reject(new Error("none")), clock);
    await colo.look();
    await clock.advance(3_600_000);
    await colo.look();
    expect(colo.known()).toBe("FRA");
  });
});

it("says what the environment says", async () => {
  expect([fixedPlace("fra1").known(), fixedPlace(null).known()]).toEqual(["fra1", null]);
});
