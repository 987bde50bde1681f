export type CsvCell = string | number | boolean | null;

type Row = Readonly<Record<string, CsvCell>>;

const number = /^-?\d+(\.\d+)?$/;

/** A spreadsheet would run a text that begins like this as a formula (OWASP, CSV injection). */
const formula = /^[=+\-@\t\r\n|%＝＋－＠]/u;

const cell = (value: CsvCell): string => {
  if (value === null) return "";
  if (typeof value !== "string") return String(value);
  const text = formula.test(value) && !number.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

const record = (cells: readonly CsvCell[]): string => `${cells.map(cell).join(",")}\r\n`;

const records = <Column extends string>(columns: readonly Column[], rows: readonly Readonly<Partial<Record<Column, CsvCell>>>[]): string =>
  rows.map((row) => record(columns.map((column) => row[column] ?? null))).join("");

/** A table as RFC 4180 has it: a header row, CRLF after every row. */
export const csv = <Table extends Row>(columns: readonly (keyof Table & string)[], rows: readonly Table[]): string =>
  record(columns) + records(columns, rows);

/**
 * The same, page by page as the stream is read; a page is fetched when the previous one has been consumed.
 * @param next the rows to go on with, null at the end; where it throws the stream breaks off, so that a part is not mistaken for
 *   the whole
 */
export const csvStream = <Column extends string>(
  columns: readonly Column[],
  first: readonly Readonly<Record<Column, CsvCell>>[],
  next: () => Promise<readonly Readonly<Record<Column, CsvCell>>[] | null>,
): ReadableStream<Uint8Array> => {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => controller.enqueue(encoder.encode(record(columns) + records(columns, first))),
      pull: async (controller) => {
        const rows = await next();
        if (rows === null) controller.close();
        else controller.enqueue(encoder.encode(records(columns, rows)));
      },
    },
    { highWaterMark: 0 },
  );
};
