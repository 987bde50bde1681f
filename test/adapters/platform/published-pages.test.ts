import { describe, expect, it } from "vitest";
import { createPublishedPages } from "../../../src/adapters/platform/published-pages.ts";
import type { PublishedMonth, PublishedPage } from "../../../src/adapters/ports/publish/status-pages.ts";

const pageOf = (title: string): PublishedPage => ({
  slug: "acme",
  ownerId: 1,
  title,
  atMs: 0,
  services: [],
  incidents: [],
  isCut: false,
  firstMonth: null,
});

type Read<Value> = { readonly slug: string; readonly answer: (value: Value | null) => void; readonly fail: (error: Error) => void };

/** A store whose reads end when the test says so. */
const world = () => {
  const time = { nowMs: 1_000_000 };
  const reads: Read<PublishedPage>[] = [];
  const months: Read<PublishedMonth>[] = [];
  const asked = <Value>(list: Read<Value>[], slug: string): Promise<Value | null> =>
    new Promise((answer, fail) => void list.push({ slug, answer, fail }));
  const pages = createPublishedPages({
    store: { page: (slug) => asked(reads, slug), month: ({ slug }) => asked(months, slug) },
    clock: { nowMs: () => time.nowMs },
    background: () => undefined,
  });
  /** The title that somebody is shown who asks now; `asks`: the database is asked anew. */
  const titleAt = async (slug = "acme") => {
    const before = reads.length;
    const shown = pages.page(slug);
    if (reads.length > before) return "asks";
    return (await shown)?.value.title ?? null;
  };
  return { time, reads, months, pages, titleAt };
};

const settled = () => new Promise((done) => void setImmediate(done));

describe("what was read before a page was changed", () => {
  it("is not kept after the change, however late it comes", async () => {
    const { reads, pages, titleAt } = world();
    const early = pages.page("acme");
    pages.forget("acme");
    reads[0]?.answer(pageOf("before"));
    expect((await early)?.value.title).toBe("before");
    expect(await titleAt()).toBe("asks");
    reads[1]?.answer(pageOf("after"));
    await settled();
    expect(await titleAt()).toBe("after");
  });

  it("does not displace what was read after it, nor takes it away, nor makes it old", async () => {
    for (const end of [
      (read: Read<PublishedPage>) => read.answer(pageOf("before")),
      (read: Read<PublishedPage>) => read.answer(null),
      (read: Read<PublishedPage>) => read.fail(new Error("cut off")),
    ]) {
      const { time, reads, pages, titleAt } = world();
      const early = pages.page("acme").catch(() => null);
      // It counts as lost, and another one is begun.
      time.nowMs += 20_000;
      const late = pages.page("acme");
      const [first, second] = reads;
      second?.answer(pageOf("after"));
      expect((await late)?.value.title).toBe("after");
      if (first !== undefined) end(first);
      await early;
      expect([await titleAt(), (await pages.page("acme"))?.failedAtMs]).toEqual(["after", null]);
    }
  });
});

it("a month is of the page that was asked for, not of who had its name before", async () => {
  const { months, pages } = world();
  const { services: _, ...before } = pageOf("before");
  const first = pages.month({ slug: "acme", ownerId: 1 }, 0, 1);
  months[0]?.answer({ ...before, services: [] });
  expect((await first)?.value.title).toBe("before");
  const second = pages.month({ slug: "acme", ownerId: 2 }, 0, 1);
  months[1]?.answer({ ...before, ownerId: 2, title: "after", services: [] });
  expect((await second)?.value.title).toBe("after");
});

describe("what is kept", () => {
  it("is not displaced by whoever calls a deployment by many names", async () => {
    const { reads, pages, titleAt } = world();
    const others = pages.page("globex");
    reads[0]?.answer(pageOf("globex"));
    await others;
    const own = pages.page("acme");
    reads[1]?.answer(pageOf("acme"));
    const snapshot = await own;
    const body = "x".repeat(256 * 1024);
    for (let host = 0; host < 200; host += 1)
      await snapshot?.rendered(`rss https://h${host}.example`, async () => ({ body, etag: `"${host}"` }));
    expect(await titleAt("globex")).toBe("globex");
  });

  it("of a page is not shown a day later, when nobody knows whether it is still published", async () => {
    const { time, reads, pages } = world();
    const early = pages.page("acme");
    reads[0]?.answer(pageOf("acme"));
    await early;
    time.nowMs += 23 * 3_600_000;
    const stale = pages.page("acme");
    reads[1]?.fail(new Error("away"));
    expect((await stale)?.failedAtMs).toBe(time.nowMs);
    time.nowMs += 2 * 3_600_000;
    const old = pages.page("acme");
    reads[2]?.fail(new Error("away"));
    await expect(old).rejects.toThrow("away");
  });

  it("takes no more room the longer the database is away", async () => {
    const { time, reads, pages } = world();
    for (const name of ["globex", "acme"]) {
      const first = pages.page(name);
      reads.at(-1)?.answer(pageOf(name));
      await first;
    }
    const body = "x".repeat(256 * 1024);
    for (let failure = 0; failure < 200; failure += 1) {
      time.nowMs += 31_000;
      const shown = pages.page("acme");
      reads.at(-1)?.fail(new Error("away"));
      await (await shown)?.rendered("page", async () => ({ body, etag: `"${failure}"` }));
    }
    const other = pages.page("globex");
    reads.at(-1)?.fail(new Error("away"));
    expect((await other)?.value.title).toBe("globex");
  });
});
