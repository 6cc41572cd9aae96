/** Results as text for a terminal. */

import Table from 'cli-table3';
import { SUITES } from '../suite.js';
import { comparisonTexts } from './comparison.js';
import { profileText } from './profile-text.js';
import { byWorkload, type Results, rowsOf } from './results.js';
import { tableOf } from './row-cells.js';

export function consoleReport(results: Results): string {
  const { suite, settings, machine, date, versions, profiles, failures } = results;
  const { records, ops, valueBytes, durability, seed, cacheBytes } = settings;
  const parts = [
    [
      `${machine}, ${date}`,
      versionsText(versions),
      `suite ${suite}: ${SUITES[suite]!.title}`,
      `${records} records, ${ops} ops, values of ${valueBytes} bytes, durability ${durability}, ${cacheText(cacheBytes)}, seed ${seed}`,
    ].join('\n'),
  ];
  for (const [workload, rows] of byWorkload(rowsOf(results))) {
    const { titles, lines } = tableOf(rows);
    const table = new Table({
      head: titles,
      colAligns: titles.map((_, index) => (index === 0 ? 'left' : 'right')),
      style: { head: [], border: [], compact: true },
    });
    table.push(...lines);
    const title = `${workload} (durability ${rows[0]!.durability}, rounds ${rows[0]!.rounds})`;
    const profile = profiles[workload];
    const notes = [...comparisonTexts(rows), ...(profile === undefined ? [] : [profileText(profile)])];
    parts.push([title, table.toString(), ...notes].join('\n'));
  }
  for (const [engine, reason] of Object.entries(failures)) parts.push(`${engine} did not run: ${reason}`);
  return parts.join('\n\n');
}

/** What engines may keep in memory of what they read. */
export function cacheText(bytes: number): string {
  return bytes === 0 ? 'caches as the engines have them' : `caches of ${(bytes / 2 ** 20).toLocaleString('en')} MiB`;
}

export function versionsText(versions: Readonly<Record<string, string>>): string {
  return Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
}
