import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { BrowserContext, Locator, Page } from "playwright-core";
import { arrive } from "../../support/browser.ts";

/** What a link, a button or a field is called by whoever hears the page. */
export type Name = string | RegExp;

/** What somebody does at a page of the console, whichever way. */
export type Hands = {
  readonly page: Page;
  /** Follows a link, or presses a button; resolves once the page that it leads to is there. */
  readonly press: (name: Name) => Promise<void>;
  readonly type: (label: string, text: string) => Promise<void>;
  readonly choose: (label: string, option: string) => Promise<void>;
  /** Follows a link to a file. */
  readonly download: (name: Name) => Promise<Uint8Array>;
};

/** A way to use the console. */
export type Way = {
  readonly name: string;
  readonly javaScript: boolean;
  readonly hands: (page: Page) => Hands;
};

const save = async (page: Page, act: () => Promise<void>): Promise<Uint8Array> => {
  const coming = page.waitForEvent("download");
  await act();
  return await readFile(await (await coming).path());
};

const called = (page: Page, name: Name): Locator => {
  const options = { name, exact: true };
  return page.getByRole("link", options).or(page.getByRole("button", options)).first();
};

const byPointer = (page: Page): Hands => {
  const field = (label: string): Locator => page.getByLabel(label, { exact: true });
  return {
    page,
    press: (name) => arrive(page, () => called(page, name).click()),
    type: (label, text) => field(label).fill(text),
    choose: async (label, option) => void (await field(label).selectOption({ label: option })),
    download: (name) => save(page, () => called(page, name).click()),
  };
};

const mostPresses = 150;

/** What has the focus is called that. */
const focusName = `(() => {
  const at = document.activeElement;
  return at === document.body ? "" : (at.getAttribute("aria-label") ?? at.labels?.[0]?.textContent ?? at.textContent).trim();
})()`;

/** Nothing but keys: Tab until a thing has the focus, letters, Enter. */
const byKeyboard = (page: Page): Hands => {
  const has = async (name: Name): Promise<boolean> => {
    const found = String(await page.evaluate(focusName));
    return typeof name === "string" ? found === name : name.test(found);
  };
  /** @throws Error where there is no way to it */
  const reach = async (name: Name): Promise<void> => {
    for (let presses = 0; !(await has(name)); presses += 1) {
      if (presses === mostPresses) throw new Error(`no way by Tab to ${name} on ${page.url()}`);
      await page.keyboard.press("Tab");
    }
  };
  const enter = async (name: Name): Promise<void> => {
    await reach(name);
    await page.keyboard.press("Enter");
  };
  return {
    page,
    press: (name) => arrive(page, () => enter(name)),
    type: async (label, text) => {
      await reach(label);
      await page.keyboard.press("ControlOrMeta+a");
      await page.keyboard.type(text);
    },
    choose: async (label, option) => {
      await reach(label);
      await page.keyboard.type(option);
    },
    download: (name) => save(page, () => enter(name)),
  };
};

/** However long a busy machine takes. */
const patienceMs = 120_000;

/** A page that is looked at until it says something. */
export type View = {
  /** @throws Error where it does not say it in time, with what it says instead */
  readonly says: (where: string, text: RegExp) => Promise<void>;
  /** Whether it is still the page that was loaded when this began: changed, but not loaded anew. */
  readonly isSame: () => Promise<boolean>;
};

/** Looks at a page from now on: one with a script changes by itself, one without is loaded again. */
export const viewOf = async (way: Way, page: Page): Promise<View> => {
  const hands = way.hands(page);
  const mark = "document.documentElement.dataset.seenBefore";
  if (way.javaScript) await page.evaluate(`${mark} = "yes"`);
  return {
    says: async (where, text) => {
      const deadlineMs = Date.now() + patienceMs;
      for (;;) {
        const said = ((await page.locator(where).first().textContent()) ?? "").replaceAll(/\s+/g, " ");
        if (text.test(said)) return;
        if (Date.now() > deadlineMs) throw new Error(`${way.name}: ${page.url()} does not say ${text} but: ${said}`);
        await sleep(way.javaScript ? 100 : 500);
        if (!way.javaScript) await hands.press("look again");
      }
    },
    isSame: async () => !way.javaScript || (await page.evaluate(mark)) === "yes",
  };
};

/** Another tab of the same browser. */
export const openTab = async (way: Way, context: BrowserContext, address: string): Promise<View> => {
  const page = await context.newPage();
  await page.goto(address);
  return await viewOf(way, page);
};

export const ways: readonly Way[] = [
  { name: "by pointer", javaScript: true, hands: byPointer },
  { name: "by keyboard alone", javaScript: true, hands: byKeyboard },
  { name: "without JavaScript", javaScript: false, hands: byPointer },
];
