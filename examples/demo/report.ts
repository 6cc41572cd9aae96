/** What the demo prints, and whether all of it was true: every claim goes through `check`. */

import Table from 'cli-table3';

type Cell = string | number | Date | null | undefined;

export class Report {
  #claims = 0;
  #broken: string[] = [];

  section(title: string): void {
    console.log(`\n── ${title} ${'─'.repeat(Math.max(2, 96 - title.length))}`);
  }

  note(text: string): void {
    console.log(`   ${text}`);
  }

  /** Numbers are aligned to the right, everything else to the left. */
  table(head: readonly string[], rows: readonly (readonly Cell[])[]): void {
    const table = new Table({
      head: [...head],
      colAligns: head.map((_, column) => (typeof rows[0]?.[column] === 'number' ? 'right' : 'left')),
      style: { head: [], border: [], compact: true },
    });
    for (const row of rows) table.push(row.map(cellText));
    console.log(table.toString());
  }

  /** Prints the claim with a mark, and remembers when it does not hold. */
  check(claim: string, holds: boolean): void {
    this.#claims++;
    console.log(`   ${holds ? '✓' : '✗'} ${claim}`);
    if (!holds) this.#broken.push(claim);
  }

  /** The same for two values that have to be equal, both shown when they are not. Compares their JSON. */
  checkEqual(claim: string, found: unknown, expected: unknown): void {
    const [foundText, expectedText] = [JSON.stringify(found), JSON.stringify(expected)];
    this.check(claim, foundText === expectedText);
    if (foundText !== expectedText) this.note(`  found    ${foundText}\n     expected ${expectedText}`);
  }

  /** True when every claim held. */
  conclude(seconds: number): boolean {
    this.section('Result');
    const held = this.#claims - this.#broken.length;
    this.note(`${held} of ${this.#claims} claims hold, in ${seconds.toFixed(1)} s`);
    for (const claim of this.#broken) this.note(`not true: ${claim}`);
    return this.#broken.length === 0;
  }
}

function cellText(cell: Cell): string {
  if (cell === null || cell === undefined) return '–';
  if (cell instanceof Date) return cell.toISOString().slice(0, 16).replace('T', ' ');
  if (typeof cell === 'string') return cell;
  return cell.toLocaleString('en', { maximumFractionDigits: 2 });
}

/** Runs `work` and returns its result with the seconds it took. */
export async function timed<T>(work: () => Promise<T>): Promise<[result: T, seconds: number]> {
  const startMs = performance.now();
  const result = await work();
  return [result, (performance.now() - startMs) / 1000];
}
