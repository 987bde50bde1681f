export type CsvCell = string | number | boolean | null;

const number = /^-?\d+(\.\d+)?$/;

/** A spreadsheet would run a text that begins like this as a formula (OWASP, CSV injection). */
const formula = /^[=+\-@\t\r\n|%]/;

const cell = (value: CsvCell): string => {
  if (value === null) return "";
  if (typeof value !== "string") return String(value);
  const text = formula.test(value) && !number.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** A table as RFC 4180 has it: a header row, CRLF after every row. */
export const csv = <Row extends Readonly<Record<string, CsvCell>>>(columns: readonly (keyof Row & string)[], rows: readonly Row[]): string =>
  [columns.map(cell), ...rows.map((row) => columns.map((column) => cell(row[column] ?? null)))]
    .map((cells) => `${cells.join(",")}\r\n`)
    .join("");
