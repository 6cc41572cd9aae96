/** Rows of text in aligned columns. */

/** The first row is the heading; columns of numbers are aligned to the right. */
export function textTable(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const isNumber = /^[\d.]+$/.test(rows[1]?.[column] ?? '');
        return isNumber ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!);
      })
      .join('  ')
      .trimEnd(),
  );
}
