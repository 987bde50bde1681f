/**
 * Characters that no name or reason may contain, as they are invisible: every control, format, private-use, unassigned or
 * unpaired code (category C: bidi controls, joiners, soft hyphen, BOM, tags), line and paragraph separators, whatever else
 * is rendered as nothing (Default_Ignorable_Code_Point: Hangul fillers, variation selectors), and the empty braille cell.
 */
const hidden = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu;

/** The first invisible character of a text, as `U+202E`; null: there is none. */
export const hiddenCharacter = (text: string): string | null => {
  const [found] = text.match(hidden) ?? [];
  return found === undefined ? null : `U+${(found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
};

/** A text without what its reader would not see. */
export const withoutHidden = (text: string): string => text.replaceAll(hidden, "");
