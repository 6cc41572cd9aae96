/** Writes a suite's report and chart into docs/benchmarks. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { drawChart } from './chart.js';
import { markdownReport } from './markdown-report.js';
import type { Results } from './results.js';

const FOLDER = new URL('../../../docs/benchmarks/', import.meta.url);

/** Returns the paths written. */
export async function writeDocuments(results: Results): Promise<string[]> {
  mkdirSync(FOLDER, { recursive: true });
  const { suite } = results;
  const documents = {
    [`${suite}.svg`]: `${await drawChart(results)}\n`,
    [`${suite}.md`]: markdownReport(results, `${suite}.svg`),
  };
  return Object.entries(documents).map(([name, content]) => {
    const path = fileURLToPath(new URL(name, FOLDER));
    writeFileSync(path, content);
    return path;
  });
}
