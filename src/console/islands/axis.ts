import { windowPath } from "../axis-window.ts";
import { go } from "./live.ts";
import { serverNowMs } from "./server-clock.ts";

const namespace = "http://www.w3.org/2000/svg";
/** A shorter way of a pointer is a press. */
const leastDrag = 8;

type Picture = { readonly figure: HTMLElement; readonly svg: SVGSVGElement };

const pictureAt = (event: Event): Picture | null => {
  const svg = (event.target as Element).closest?.("svg.axis") ?? null;
  const figure = svg?.closest<HTMLElement>("figure") ?? null;
  return svg instanceof SVGSVGElement && figure !== null ? { figure, svg } : null;
};

/** How far from the left a pointer is, 0 to 1. */
const shareAt = ({ svg }: Picture, { clientX }: MouseEvent): number => {
  const { left, width } = svg.getBoundingClientRect();
  return Math.min(1, Math.max(0, (clientX - left) / width));
};

/** The shape of that class, made where there is none. */
const shape = ({ svg }: Picture, name: "line" | "rect", className: string): SVGElement => {
  const found = svg.querySelector<SVGElement>(`:scope > .${className}`);
  if (found !== null) return found;
  const made = document.createElementNS(namespace, name);
  made.setAttribute("class", className);
  made.setAttribute(name === "line" ? "y2" : "height", String(svg.getBoundingClientRect().height - 20));
  return svg.appendChild(made);
};

const number = ({ figure }: Picture, name: "from" | "to" | "step"): number => Number(figure.dataset[name]);

/** What the tables say of a moment, in a line below the picture. */
const readOut = (picture: Picture, share: number): void => {
  const line = shape(picture, "line", "cross");
  for (const end of ["x1", "x2"]) line.setAttribute(end, `${share * 100}%`);
  const step = Math.floor((share * (number(picture, "to") - number(picture, "from"))) / number(picture, "step"));
  const row = picture.figure.querySelector(`tr[data-step="${step}"]`);
  const cells = [...(row?.querySelectorAll("td") ?? [])].map(({ dataset, textContent }) => `${dataset["label"]} ${textContent}`);
  const text = row === null ? "not probed" : [row.querySelector("th")?.textContent, ...cells].join(" · ");
  picture.figure.querySelector(".readout")?.replaceChildren(text);
};

const clear = ({ figure, svg }: Picture): void => {
  for (const one of svg.querySelectorAll(":scope > .cross, :scope > .chosen")) one.remove();
  figure.querySelector(".readout")?.replaceChildren();
};

/** The window between two places of a picture, as a page of its own: its figures are finer than those that are shown. */
const zoom = (picture: Picture, from: number, to: number): void => {
  const { path = "", figure } = picture.figure.dataset;
  const [beginMs, endMs] = [number(picture, "from"), number(picture, "to")];
  const at = (share: number): number => beginMs + share * (endMs - beginMs);
  const about = { path, figure: figure === "latency" ? "latency" : "success", nowMs: serverNowMs() } as const;
  void go(windowPath(about, at(Math.min(from, to)), at(Math.max(from, to))));
};

/** Spans without loading the page anew; a mouse's way across the picture as a zoom, and what is below it in words. */
export const startAxis = (): void => {
  let drag: { readonly picture: Picture; readonly share: number; readonly clientX: number } | null = null;

  document.addEventListener("click", (event) => {
    const link = (event.target as Element).closest<HTMLAnchorElement>("a[data-go]");
    if (link === null || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    void go(`${link.pathname}${link.search}`);
  });
  document.addEventListener("pointerdown", (event) => {
    const picture = pictureAt(event);
    // A finger scrolls the page; whoever has no mouse zooms by the links.
    if (picture === null || event.button !== 0 || event.pointerType === "touch") return;
    drag = { picture, share: shareAt(picture, event), clientX: event.clientX };
  });
  document.addEventListener("pointermove", (event) => {
    const picture = drag?.picture ?? pictureAt(event);
    if (picture === null) return;
    const share = shareAt(picture, event);
    readOut(picture, share);
    if (drag === null) return;
    const chosen = shape(picture, "rect", "chosen");
    chosen.setAttribute("x", `${Math.min(share, drag.share) * 100}%`);
    chosen.setAttribute("width", `${Math.abs(share - drag.share) * 100}%`);
  });
  document.addEventListener("pointerup", (event) => {
    if (drag === null) return;
    const { picture, share, clientX } = drag;
    drag = null;
    clear(picture);
    if (Math.abs(event.clientX - clientX) >= leastDrag) zoom(picture, share, shareAt(picture, event));
  });
  document.addEventListener("pointerout", (event) => {
    const picture = pictureAt(event);
    const isInside = event.relatedTarget instanceof Node && picture?.svg.contains(event.relatedTarget) === true;
    if (drag === null && picture !== null && !isInside) clear(picture);
  });
  document.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape" || drag === null) return;
    clear(drag.picture);
    drag = null;
  });
};
