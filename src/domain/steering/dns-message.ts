/** Record types with supported data, by the numbers of the IANA registry "Resource Record (RR) TYPEs". */
const typeNumbers = { A: 1, CNAME: 5, AAAA: 28 } as const;

export type QuestionType = keyof typeof typeNumbers;

/** One question. `id`: 0 to 65,535; `name`: labels of ASCII letters, digits, `-`, `_` or `*`, with or without the last dot. */
export type Question = { readonly id: number; readonly name: string; readonly type: QuestionType };

/** A server's response. */
export type DnsReply = {
  /** RCODE, 0 to 15: 0 NOERROR, 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED. */
  readonly rcode: number;
  /** AA: authoritative, not from a cache. */
  readonly authoritative: boolean;
  /** TC: truncated. */
  readonly truncated: boolean;
  /**
   * Data of the records of the type asked for, of the name itself or of its CNAMEs' targets, in the order sent: addresses as
   * RFC 5952 and dotted quads, names with the last dot. Other records are ignored.
   */
  readonly answers: readonly string[];
};

const headerLength = 12;
const classIn = 1;
/** Octets of a name on the wire, root included (RFC 1035 §2.3.4). */
const maxNameOctets = 255;

const labelForm = /^[a-z0-9_*-]{1,63}$/i;

const uint16 = (value: number): readonly number[] => [value >> 8, value & 0xff];

/**
 * A query in the wire form of RFC 1035 §4 without recursion desired: the server has the zone.
 * @returns null where the name cannot be written
 */
export const encodeQuery = ({ id, name, type }: Question): Uint8Array<ArrayBuffer> | null => {
  const labels = name.replace(/\.$/, "").split(".");
  if (!labels.every((label) => labelForm.test(label))) return null;
  const octets = [
    ...labels.flatMap((label) => [label.length, ...Array.from({ length: label.length }, (_, index) => label.charCodeAt(index))]),
    0,
  ];
  if (octets.length > maxNameOctets) return null;
  const header = [...uint16(id), ...uint16(0), ...uint16(1), ...uint16(0), ...uint16(0), ...uint16(0)];
  return Uint8Array.from([...header, ...octets, ...uint16(typeNumbers[type]), ...uint16(classIn)]);
};

/** Thrown inside this module only: malformed message. */
class Malformed extends Error {}

const at = (view: DataView, offset: number, length: number): number => {
  if (offset + length > view.byteLength) throw new Malformed();
  return length === 2 ? view.getUint16(offset) : view.getUint8(offset);
};

/** A label as master files write it (RFC 1035 §5.1): what is no visible ASCII as `\DDD`, dots and backslashes escaped. */
const labelText = (octets: readonly number[]): string =>
  octets
    .map((octet) => {
      if (octet <= 0x20 || octet >= 0x7f) return `\\${String(octet).padStart(3, "0")}`;
      const letter = String.fromCharCode(octet);
      return letter === "." || letter === "\\" ? `\\${letter}` : letter;
    })
    .join("");

/**
 * A name that may end in a pointer (RFC 1035 §4.1.4). A pointer has to lead before where its name, or the previous pointer,
 * began: so decoding always terminates.
 */
const readName = (view: DataView, start: number): { readonly name: string; readonly end: number } => {
  let text = "";
  let octets = 1;
  let end: number | null = null;
  let began = start;
  let offset = start;
  for (;;) {
    const length = at(view, offset, 1);
    if (length >= 0xc0) {
      const target = at(view, offset, 2) & 0x3fff;
      if (target >= began || target < headerLength) throw new Malformed();
      end ??= offset + 2;
      began = target;
      offset = target;
      continue;
    }
    if (length > 63) throw new Malformed();
    offset += 1;
    if (length === 0) return { name: text === "" ? "." : text, end: end ?? offset };
    octets += length + 1;
    if (octets > maxNameOctets) throw new Malformed();
    text += `${labelText(Array.from({ length }, (_, index) => at(view, offset + index, 1)))}.`;
    offset += length;
  }
};

/** RFC 5952 §4: no leading zeros, the longest run of two or more zeros as `::`, the first of equals. */
const ipv6Text = (groups: readonly number[]): string => {
  let best = { from: 0, length: 1 };
  for (let from = 0; from < groups.length; from += 1) {
    let length = 0;
    while (groups[from + length] === 0) length += 1;
    if (length > best.length) best = { from, length };
  }
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(":");
  return best.length < 2 ? hex(groups) : `${hex(groups.slice(0, best.from))}::${hex(groups.slice(best.from + best.length))}`;
};

const readData = (view: DataView, type: QuestionType, offset: number, length: number): string => {
  if (type === "CNAME") {
    const { name, end } = readName(view, offset);
    if (end !== offset + length) throw new Malformed();
    return name;
  }
  if (length !== (type === "A" ? 4 : 16)) throw new Malformed();
  if (type === "A") return Array.from({ length }, (_, index) => at(view, offset + index, 1)).join(".");
  return ipv6Text(Array.from({ length: 8 }, (_, index) => at(view, offset + 2 * index, 2)));
};

type Read = { readonly owner: string; readonly type: QuestionType; readonly data: string };

/** Names are compared without regard to the case of ASCII letters (RFC 4343); all others are escaped here. */
const folded = (name: string): string => name.toLowerCase();

const readReply = (view: DataView, { id, name, type }: Question): DnsReply => {
  const flags = at(view, 2, 2);
  // QR, an OPCODE of 0, one question: ours.
  if (at(view, 0, 2) !== id || (flags & 0xf800) !== 0x8000 || at(view, 4, 2) !== 1) throw new Malformed();
  const asked = readName(view, headerLength);
  if (folded(asked.name) !== folded(`${name.replace(/\.$/, "")}.`)) throw new Malformed();
  if (at(view, asked.end, 2) !== typeNumbers[type] || at(view, asked.end + 2, 2) !== classIn) throw new Malformed();
  const truncated = (flags & 0x0200) !== 0;
  const base = { rcode: flags & 0xf, authoritative: (flags & 0x0400) !== 0, truncated };
  const records: Read[] = [];
  let offset = asked.end + 4;
  const count = truncated ? 0 : at(view, 6, 2);
  for (let index = 0; index < count; index += 1) {
    const owner = readName(view, offset);
    const [number, inClass, length] = [at(view, owner.end, 2), at(view, owner.end + 2, 2), at(view, owner.end + 8, 2)];
    const from = owner.end + 10;
    offset = from + length;
    if (offset > view.byteLength) throw new Malformed();
    const known = (["A", "AAAA", "CNAME"] as const).find((one) => typeNumbers[one] === number);
    if (known !== undefined && inClass === classIn)
      records.push({ owner: folded(owner.name), type: known, data: readData(view, known, from, length) });
  }
  const reached = new Set([folded(asked.name)]);
  // A set grows during iteration: each name of the chain once, even in a loop.
  if (type !== "CNAME")
    for (const owner of reached)
      for (const record of records) if (record.type === "CNAME" && record.owner === owner) reached.add(folded(record.data));
  return { ...base, answers: records.filter((record) => record.type === type && reached.has(record.owner)).map(({ data }) => data) };
};

/**
 * The answer to a question, from a whole message. Authority and additional sections are ignored.
 * @returns null where this is no response to that question, or is truncated or malformed
 */
export const decodeReply = (message: Uint8Array, question: Question): DnsReply | null => {
  try {
    return readReply(new DataView(message.buffer, message.byteOffset, message.byteLength), question);
  } catch (thrown) {
    if (thrown instanceof Malformed) return null;
    throw thrown;
  }
};
