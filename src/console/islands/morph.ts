/** A place of its own among its siblings: an element with an id or a `data-key` is the same one wherever it moves. */
const keyOf = (node: Node): string | null => (node instanceof Element ? (node.id === "" ? node.getAttribute("data-key") : node.id) : null);

type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

const isField = (node: Node): node is Field =>
  node instanceof HTMLInputElement || node instanceof HTMLTextAreaElement || node instanceof HTMLSelectElement;

/** Whether somebody has typed or chosen something that the server does not know of. */
export const isTyped = (field: Field): boolean => {
  if (field instanceof HTMLSelectElement) return [...field.options].some((option) => option.selected !== option.defaultSelected);
  if (field instanceof HTMLInputElement && (field.type === "checkbox" || field.type === "radio"))
    return field.checked !== field.defaultChecked;
  return field.value !== field.defaultValue;
};

/** Whether a text is being selected: changed, its selection would be lost. */
const isSelected = (node: Node): boolean => {
  const selection = getSelection();
  return selection !== null && !selection.isCollapsed && selection.containsNode(node, true);
};

/** @returns whether it is as it should be now */
export const setText = (node: Node, text: string): boolean => {
  if (node.nodeValue === text) return true;
  if (isSelected(node)) return false;
  node.nodeValue = text;
  return true;
};

/** Whether something is open is for whoever opened it to say. */
const setAttributes = (from: Element, to: Element): void => {
  const isDetails = from instanceof HTMLDetailsElement;
  for (const name of from.getAttributeNames()) if (!to.hasAttribute(name) && !(isDetails && name === "open")) from.removeAttribute(name);
  for (const { name, value } of to.attributes)
    if (from.getAttribute(name) !== value && !(isDetails && name === "open")) from.setAttribute(name, value);
};

/** Moves without losing focus and what is open, where the browser can. */
const place = (parent: Node, node: Node, before: Node | null): void => {
  const mover = parent as Node & { moveBefore?: (node: Node, before: Node | null) => void };
  if (node.isConnected && mover.moveBefore !== undefined) mover.moveBefore(node, before);
  else parent.insertBefore(node, before);
};

const isLike = (a: Node, b: Node): boolean => a.nodeType === b.nodeType && a.nodeName === b.nodeName && keyOf(a) === keyOf(b);

/** The node that is to become `wanted`: the one of its key, else the next one like it that is nobody's. */
const matchOf = (wanted: Node, cursor: Node | null, keyed: ReadonlyMap<string, Node>): Node | null => {
  const key = keyOf(wanted);
  if (key !== null) {
    const found = keyed.get(key);
    return found !== undefined && isLike(found, wanted) ? found : null;
  }
  for (let node = cursor; node !== null; node = node.nextSibling) if (isLike(node, wanted)) return node;
  return null;
};

const morphChildren = (from: Element, to: Element): boolean => {
  const keyed = new Map([...from.childNodes].flatMap((node) => (keyOf(node) === null ? [] : [[keyOf(node) as string, node] as const])));
  let isDone = true;
  let cursor: Node | null = from.firstChild;
  for (const wanted of to.childNodes) {
    const match = matchOf(wanted, cursor, keyed);
    if (match === null) {
      from.insertBefore(document.importNode(wanted, true), cursor);
      continue;
    }
    if (match === cursor) cursor = cursor.nextSibling;
    else place(from, match, cursor);
    isDone = morph(match, wanted) && isDone;
  }
  while (cursor !== null) {
    const next: Node | null = cursor.nextSibling;
    cursor.parentNode?.removeChild(cursor);
    cursor = next;
  }
  return isDone;
};

/**
 * Makes a node like another one, by no more changes than are needed: what is the same stays the same node, with its focus, its scroll
 * position, what is typed into it and what is open in it. Parts of `to` marked `data-keep` are left as they are.
 * @returns whether nothing was held back for whoever is at it
 */
const morph = (from: Node, to: Node): boolean => {
  if (!(from instanceof Element) || !(to instanceof Element)) return setText(from, to.nodeValue ?? "");
  if (to.hasAttribute("data-keep") || from.isEqualNode(to)) return true;
  if (isField(from) && (isTyped(from) || from === document.activeElement)) return true;
  setAttributes(from, to);
  return morphChildren(from, to);
};

/** As `morph`, and whatever had the focus has it afterwards, unless it is gone. */
export const morphInPlace = (from: Element, to: Element): boolean => {
  const focused = document.activeElement;
  const isDone = morph(from, to);
  if (focused instanceof HTMLElement && focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
  return isDone;
};
