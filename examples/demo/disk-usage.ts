/** What a database directory holds, by kind of file. */

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Report } from './report.js';

export function showDiskUsage(directory: string, report: Report): void {
  report.section('On disk');
  const kinds = new Map<string, { files: number; bytes: number }>();
  for (const name of readdirSync(directory)) {
    const kind = kindOf(name);
    const entry = kinds.get(kind) ?? { files: 0, bytes: 0 };
    entry.files++;
    entry.bytes += statSync(join(directory, name)).size;
    kinds.set(kind, entry);
  }
  const rows = [...kinds].map(([kind, { files, bytes }]) => [kind, files, bytes / 1e6] as const);
  const total = rows.reduce((sum, [, , megabytes]) => sum + megabytes, 0);
  report.table(['kind', 'files', 'MB'], [...rows, ['all', rows.reduce((sum, [, files]) => sum + files, 0), total]]);
}

function kindOf(name: string): string {
  if (name.endsWith('.tbl')) return 'tables';
  if (name.endsWith('.log')) return 'log';
  return name.startsWith('MANIFEST') || name === 'CURRENT' ? 'manifest' : 'other';
}
