/**
 * The script of `/docs`: search without asking the server, and the mark at the current place. The page does without it: its form
 * asks the server, by the same rule (`search.ts`).
 */
export const referenceScript = `
const $ = (selector, of = document) => of.querySelector(selector);
const nav = $("#contents"), form = $("form", nav), field = form.elements.q, tree = $("#tree"), found = $("#found"), count = $("#count");
const sections = [...document.querySelectorAll("[data-kind]")];

let entries;
const index = () => entries ??= sections.map((section) => ({
  id: section.id,
  title: $("h3", section).textContent,
  about: $(".lead", section)?.textContent ?? "",
  text: section.textContent.toLowerCase(),
}));

const search = (query) => {
  const words = query.toLowerCase().split(/\\s+/).filter(Boolean);
  const hits = index().filter(({ text }) => words.every((word) => text.includes(word)));
  const named = ({ title }) => words.every((word) => title.toLowerCase().includes(word));
  return [...hits.filter(named), ...hits.filter((hit) => !named(hit))];
};

const item = ({ id, title, about }) => {
  const [li, a, small] = ["li", "a", "small"].map((name) => document.createElement(name));
  a.href = "#" + id;
  a.textContent = title;
  small.textContent = about;
  li.append(a, " ", small);
  return li;
};

const show = () => {
  const isAsked = field.value.trim() !== "";
  const hits = isAsked ? search(field.value) : [];
  found.replaceChildren(...hits.map(item));
  found.hidden = hits.length === 0;
  tree.hidden = isAsked;
  count.textContent = !isAsked ? "" : hits.length === 0 ? "Nothing has all of these words." : hits.length + " found";
};

field.addEventListener("input", show);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  show();
  $("a", found)?.click();
});

const step = (by) => {
  const links = [...found.querySelectorAll("a")], at = links.indexOf(document.activeElement) + by;
  (links[Math.min(at, links.length - 1)] ?? field).focus();
};
nav.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !found.hidden) { field.value = ""; show(); field.focus(); }
  else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !found.hidden) { event.preventDefault(); step(event.key === "ArrowDown" ? 1 : -1); }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "k" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  if (nav.offsetParent === null && getComputedStyle(nav).position !== "fixed") location.hash = "#contents";
  field.focus();
});

const links = new Map([...tree.querySelectorAll("a")].map((link) => [link.hash.slice(1), link]));
const seen = new Set();
let current;
const mark = () => {
  const link = links.get(sections.find((section) => seen.has(section))?.id);
  if (link === undefined || link === current) return;
  current?.removeAttribute("aria-current");
  current = link;
  link.setAttribute("aria-current", "location");
  const group = link.closest("details");
  if (group) group.open = true;
  const { top, bottom } = link.getBoundingClientRect(), frame = nav.getBoundingClientRect();
  if (top < frame.top || bottom > frame.bottom) nav.scrollTop += top - frame.top - frame.height / 2;
};
const watch = new IntersectionObserver((changes) => {
  for (const { target, isIntersecting } of changes) seen[isIntersecting ? "add" : "delete"](target);
  mark();
}, { rootMargin: "-64px 0px -70% 0px" });
for (const section of sections) watch.observe(section);
`;
