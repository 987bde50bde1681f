/** DER as RFC 3161 needs it, with definite lengths of up to 64 KiB, and nothing else. */
export const derTag = {
  boolean: 0x01,
  integer: 0x02,
  octets: 0x04,
  null: 0x05,
  oid: 0x06,
  time: 0x18,
  sequence: 0x30,
  set: 0x31,
  explicit0: 0xa0,
} as const;

export const der = (tag: number, ...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => {
  const content = parts.flatMap((part) => [...part]);
  const { length } = content;
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Uint8Array.from([tag, ...head, ...content]);
};

/** A positive integer of any length, in minimal encoding. */
export const derInteger = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => {
  const first = bytes.findIndex((byte) => byte !== 0);
  const own = first < 0 ? Uint8Array.of(0) : bytes.subarray(first);
  return der(derTag.integer, ...((own[0] ?? 0) >= 0x80 ? [Uint8Array.of(0), own] : [own]));
};

export class DerError extends Error {}

export type DerElement = { readonly tag: number; readonly content: Uint8Array };

/** Parses bytes into elements. @throws DerError where they are no DER, or more than `most` */
export const derElements = (bytes: Uint8Array, most = 64): readonly DerElement[] => {
  const elements: DerElement[] = [];
  for (let at = 0; at < bytes.length;) {
    const [tag = 0, short = 0] = bytes.subarray(at, at + 2);
    if (at + 2 > bytes.length || (tag & 0x1f) === 0x1f || elements.length === most) throw new DerError("is no DER of this form");
    at += 2;
    let length = short;
    if (short >= 0x80) {
      const count = short & 0x7f;
      if (count === 0 || count > 2 || at + count > bytes.length) throw new DerError("has a length that is too long, or none");
      length = bytes.subarray(at, at + count).reduce((sum, byte) => sum * 256 + byte, 0);
      if (length < 0x80 || (count === 2 && length < 0x100)) throw new DerError("has a length that is not written shortest");
      at += count;
    }
    if (at + length > bytes.length) throw new DerError("ends too early");
    elements.push({ tag, content: bytes.subarray(at, at + length) });
    at += length;
  }
  return elements;
};

/** The children of a constructed element. @throws DerError where the tag differs or it is absent */
export const derParts = (element: DerElement | undefined, tag: number): readonly DerElement[] => {
  if (element?.tag !== tag) throw new DerError("has something else than was to be there");
  return derElements(element.content);
};
