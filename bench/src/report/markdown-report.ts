/** Results as a document of docs/benchmarks. Generated: `npm run bench -- SUITE --report`. */

import { SUITES } from '../suite.js';
import { compare, comparisonTexts } from './comparison.js';
import { cacheText, versionsText } from './console-report.js';
import { profileText } from './profile-text.js';
import { byWorkload, type Results, type Row, rowsOf } from './results.js';
import { tableOf } from './row-cells.js';

/** @param chart file name of the chart beside the document. */
export function markdownReport(results: Results, chart: string): string {
  const { suite, settings, profiles } = results;
  const sections = [...byWorkload(rowsOf(results))].map(([workload, rows]) => {
    const first = rows[0]!;
    const heading = `## ${workload}\n\nDurability ${first.durability}, median of ${rounds(rows)}.`;
    const notes = [...comparisonTexts(rows).map((text) => `${text}.`), ...timeNote(rows, profiles[workload])];
    return [heading, markdownTable(rows), ...notes.map(sentence)].join('\n\n');
  });
  return `${[
    `# Benchmark suite \`${suite}\`: ${SUITES[suite]!.title}`,
    conditionsText(results),
    SUITES[suite]!.method.trim(),
    `![${SUITES[suite]!.chart?.title ?? 'operations per second, relative to the fastest engine'}](${chart})`,
    ...sections,
    ...Object.entries(results.failures).map(([engine, reason]) => `${engine} did not run: ${reason.split('\n')[0]}`),
    `Settings: ${JSON.stringify(settings)}.`,
  ].join('\n\n')}\n`;
}

function conditionsText({ machine, date, versions, settings, commands }: Results): string {
  return [
    `${machine}, ${date}. ${versionsText(versions)}. Seed ${settings.seed}.`,
    `\`\`\`sh\n${commands.join('\n')}\n\`\`\``,
    `${settings.records.toLocaleString('en')} records with values of ${settings.valueBytes} bytes, ${cacheText(settings.cacheBytes)}. A process for each engine and round, rounds interleaved.`,
  ].join('\n\n');
}

function rounds(rows: readonly Row[]): string {
  const counts = [...new Set(rows.map((row) => row.rounds))].toSorted((a, b) => a - b);
  return counts.length === 1 && counts[0] === 1 ? 'one round' : `${counts.join(' or ')} rounds`;
}

/** A workload that falls short of its target says where the time goes. */
function timeNote(rows: readonly Row[], profile: Parameters<typeof profileText>[0] | undefined): string[] {
  if (profile !== undefined) return [profileText(profile)];
  return compare(rows)?.reachesTarget === false ? ['where the time goes: not profiled (--profile).'] : [];
}

function markdownTable(rows: readonly Row[]): string {
  const { titles, lines } = tableOf(rows);
  const rule = titles.map((_, index) => (index === 0 ? '---' : '--:'));
  return [titles, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
