/** Prints aligned columns: the first to the left, figures to the right. */
export const printTable = (head: readonly string[], rows: readonly (readonly string[])[]): void => {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join("  ");
  process.stdout.write([line(head), widths.map((width) => "─".repeat(width)).join("  "), ...rows.map(line), ""].join("\n"));
};
