/** Writes a suite's report and chart into docs/benchmarks. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { drawChart } from './chart.js';
import { markdownReport } from './markdown-report.js';
import { type Results, rowsOf } from './results.js';

const FOLDER = new URL('../../../docs/benchmarks/', import.meta.url);

/** Returns the paths written. A suite that measures one engine only has nothing to compare in a chart. */
export async function writeDocuments(results: Results): Promise<string[]> {
  mkdirSync(FOLDER, { recursive: true });
  const { suite } = results;
  const documents: [name: string, content: string][] = [];
  const compares = new Set(rowsOf(results).map(({ engine }) => engine)).size > 1;
  if (compares) documents.push([`${suite}.svg`, `${await drawChart(results)}\n`]);
  documents.push([`${suite}.md`, markdownReport(results, compares ? `${suite}.svg` : undefined)]);
  return documents.map(([name, content]) => {
    const path = fileURLToPath(new URL(name, FOLDER));
    writeFileSync(path, content);
    return path;
  });
}
