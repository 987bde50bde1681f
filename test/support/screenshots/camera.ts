import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, BrowserContext } from "playwright-core";
import { follow, openBrowser } from "../browser.ts";

const schemes = ["light", "dark"] as const;
/** CSS pixels: a desk, and a telephone. */
const widths = [1_280, 390] as const;

/** `storm-fleet-light-1280.png`: the scene, the view, and how it was looked at. */
const fileName = (scene: string, view: string, scheme: string, width: number): string => `${scene}-${view}-${scheme}-${width}.png`;

export type Camera = {
  /**
   * Pictures of one view, one after the other, each as it is then.
   * @throws where the page does not answer with 200: nothing else is to be shown
   */
  readonly shoot: (scene: string, view: string, path: string, as: "owner" | "admin" | "nobody") => Promise<void>;
  readonly close: () => Promise<void>;
};

/**
 * A browser that is signed in, and takes pictures.
 * @param options.wanted which files; the others are not made
 * @param options.tokens of those as whom it looks
 */
export const openCamera = async (options: {
  readonly origin: string;
  readonly directory: string;
  readonly wanted: (file: string) => boolean;
  readonly tokens: Readonly<Record<"owner" | "admin", string>>;
  /** Whose customer an admin looks at. */
  readonly customer: string;
}): Promise<Camera> => {
  const { origin, directory, wanted, tokens, customer } = options;
  await mkdir(directory, { recursive: true });
  const browser: Browser = await openBrowser();
  const contexts = new Map<string, BrowserContext>();

  const signedIn = async (as: "owner" | "admin" | "nobody", width: number): Promise<BrowserContext> => {
    const key = `${as} ${width}`;
    const before = contexts.get(key);
    if (before !== undefined) return before;
    const context = await browser.newContext({ viewport: { width, height: 844 }, deviceScaleFactor: width < 500 ? 2 : 1 });
    contexts.set(key, context);
    if (as === "nobody") return context;
    const page = await context.newPage();
    await page.goto(`${origin}/console`);
    await page.fill("#token", tokens[as]);
    await follow(page, "button.main");
    if (as === "admin") await follow(page, `button[aria-label="Open ${customer}"]`);
    await page.waitForURL(`${origin}/console`);
    await page.close();
    return context;
  };

  return {
    shoot: async (scene, view, path, as) => {
      for (const width of widths) {
        for (const scheme of schemes) {
          const file = fileName(scene, view, scheme, width);
          if (!wanted(file)) continue;
          const page = await (await signedIn(as, width)).newPage();
          await page.emulateMedia({ colorScheme: scheme });
          const answer = await page.goto(`${origin}${path}`);
          if (answer?.status() !== 200) throw new Error(`${scene}: ${path} answered ${answer?.status() ?? "nothing"}`);
          await page.screenshot({ path: join(directory, file), fullPage: true });
          await page.close();
        }
      }
    },
    close: () => browser.close(),
  };
};
