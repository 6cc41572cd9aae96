/** What the writer that gets killed writes; parent and child agree on it here. */

export const ROWS_PER_BATCH = 50;

/** The code of a batch's row; ascending in the order of writing. */
export function rowCode(batch: number, index: number): string {
  return `${String(batch).padStart(6, '0')}-${String(index).padStart(2, '0')}`;
}
