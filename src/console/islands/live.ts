import { isTyped, morphInPlace } from "./morph.ts";
import { serverNowMs, setClock, shownAsOfMs, tick, timeOfDay } from "./server-clock.ts";

const everyMs = 5_000;
const mostMs = 60_000;
/** However long somebody on the way says to wait. */
const longestWaitMs = 300_000;
const patienceMs = 10_000;

/** Why a page is not asked for again: said once, with the way on. */
const endings: Readonly<Record<number, string>> = {
  403: "This view is no longer permitted to you",
  404: "What this page shows is not there any more",
  409: "Another customer was chosen in another tab: this page is not mixed with theirs, and stands still",
};

type State = { address: string; etag: string | null; failures: number; failingSinceMs: number; drawnAtMs: number; isOver: boolean };

const state: State = { address: "", etag: null, failures: 0, failingSinceMs: 0, drawnAtMs: 0, isOver: false };
let timer = 0;
let asking: AbortController | null = null;

const here = (): string => `${location.pathname}${location.search}`;

/** Said politely, and only when it is another thing to say: what is filled again is read out again. */
const say = (text: string): void => {
  const note = document.querySelector("#live");
  if (note === null || note.firstChild?.textContent === text || (text === "" && note.firstChild === null)) return;
  if (text === "") return note.replaceChildren();
  const again = Object.assign(document.createElement("a"), { href: here(), textContent: "Look again" });
  note.replaceChildren(text, " ", again);
};

const shownAsOf = (): string => `shown as of ${timeOfDay(shownAsOfMs())} UTC`;

const end = (why: string): void => {
  state.isOver = true;
  say(`${why}; ${shownAsOf()}.`);
};

const hasTyped = (): boolean =>
  [...document.querySelectorAll<HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement>("input, textarea, select")].some(isTyped);

/** The session is over: to the sign-in and back here, unless that would lose what is being typed. */
const signIn = (): void => {
  if (hasTyped()) return end("Your session is over: what you have typed is still here, send it and sign in");
  location.assign(`/console/sign-in?next=${encodeURIComponent(here())}`);
};

const failed = (why: string, waitMs = 0): void => {
  if (state.failures === 0) state.failingSinceMs = serverNowMs();
  state.failures += 1;
  say(`${why} since ${timeOfDay(state.failingSinceMs)} UTC; ${shownAsOf()}.`);
  schedule(Math.max(Math.min(waitMs, longestWaitMs), Math.min(mostMs, everyMs * 2 ** (state.failures - 1))));
};

const show = (text: string): void => {
  const next = new DOMParser().parseFromString(text, "text/html");
  let isDone = true;
  for (const name of ["main", "footer"]) {
    const [from, to] = [document.querySelector(name), next.querySelector(name)];
    if (from !== null && to !== null) isDone = morphInPlace(from, to) && isDone;
  }
  // Something was held back: the same answer is to come again.
  if (!isDone) state.etag = null;
};

/** The part of the page, if it has one, that need not be made again yet; a picture of the past never. */
const fresh = (): HTMLElement | null => {
  const part = document.querySelector<HTMLElement>("[id][data-fresh]");
  if (part === null) return null;
  const freshMs = Number(part.dataset["fresh"]);
  return freshMs === 0 || performance.now() - state.drawnAtMs < freshMs ? part : null;
};

const reached = async (answer: Response, isKept: boolean): Promise<void> => {
  const text = answer.status === 200 ? await answer.text() : null;
  state.failures = 0;
  setClock(Number(answer.headers.get("console-as-of")));
  if (text !== null) {
    state.etag = answer.headers.get("etag");
    show(text);
    if (!isKept) state.drawnAtMs = performance.now();
  }
  say("");
  tick();
  schedule(everyMs);
};

/** Whether an answer is the console's own: what is on the way to it, a proxy or a portal, may answer in its place. */
const isProblem = ({ headers }: Response): boolean => headers.get("content-type")?.startsWith("application/problem+json") === true;

/** The words of a problem, where it has any. */
const problem = async (answer: Response): Promise<string> => {
  if (answer.ok) return "Not reached";
  const { detail } = (isProblem(answer) ? await answer.json() : {}) as { detail?: string };
  return detail === undefined ? `Answered with ${answer.status}` : `${detail.slice(0, 1).toUpperCase()}${detail.slice(1)}:`;
};

const answered = async (answer: Response, isKept: boolean): Promise<void> => {
  if (answer.headers.has("console-as-of")) return await reached(answer, isKept);
  if (answer.status === 401) return signIn();
  const ending = isProblem(answer) ? endings[answer.status] : undefined;
  if (ending !== undefined) return end(ending);
  // A date instead of seconds is none of ours.
  failed(await problem(answer), (Number(answer.headers.get("retry-after")) || 0) * 1_000);
};

/** Asks for the content of this page, once at a time. @param isNew whether another one than is shown is asked for */
const ask = async (isNew: boolean): Promise<void> => {
  clearTimeout(timer);
  asking?.abort();
  const mine = (asking = new AbortController());
  const kept = isNew ? null : fresh();
  const headers = new Headers({ "console-fragment": "main", "console-customer": document.body.dataset["customer"] ?? "" });
  if (kept !== null) headers.set("console-keep", kept.id);
  if (!isNew && state.etag !== null) headers.set("if-none-match", state.etag);
  AbortSignal.timeout(patienceMs).addEventListener("abort", () => mine.abort());
  try {
    const answer = await fetch(state.address, { headers, signal: mine.signal, cache: "no-store", redirect: "error" });
    if (asking === mine) await answered(answer, kept !== null);
  } catch {
    if (asking !== mine) return;
    if (isNew) location.assign(state.address);
    else failed("Not reached");
  } finally {
    if (asking === mine) asking = null;
  }
};

const isLooking = (): boolean => document.visibilityState === "visible" && !state.isOver;

const schedule = (waitMs: number): void => {
  clearTimeout(timer);
  if (isLooking()) timer = setTimeout(() => void ask(false), waitMs);
};

/** Shows another address of the same page in its place, without loading it whole. */
export const go = async (address: string): Promise<void> => {
  history.pushState(null, "", address);
  state.address = here();
  await ask(true);
};

const lookAgain = (): void => {
  if (isLooking()) void ask(false);
  else clearTimeout(timer);
};

/** Keeps the page as it is on the server, as long as somebody looks at it. */
export const startLive = (): void => {
  const [navigation] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  setClock(Number(document.body.dataset["asOf"]), navigation?.responseStart ?? performance.now());
  state.address = here();
  state.drawnAtMs = performance.now();
  document.addEventListener("visibilitychange", lookAgain);
  addEventListener("online", lookAgain);
  addEventListener("pageshow", ({ persisted }) => persisted && lookAgain());
  addEventListener("popstate", () => {
    if (here() === state.address) return;
    state.address = here();
    void ask(true);
  });
  setInterval(() => document.visibilityState === "visible" && tick(), 1_000);
  schedule(everyMs);
};
