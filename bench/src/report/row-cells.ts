/** The columns of a workload's table, for the console and for Markdown alike. */

import type { Row } from './results.js';

interface Column {
  readonly title: string;
  readonly cell: (row: Row) => string;
}

const COLUMNS: readonly Column[] = [
  { title: 'engine', cell: ({ engine }) => engine },
  { title: 'ops/s', cell: ({ opsPerSec }) => rate(opsPerSec) },
  { title: 'p50 µs', cell: ({ p50us }) => p50us.toFixed(1) },
  { title: 'p99 µs', cell: ({ p99us }) => p99us.toFixed(1) },
  { title: 'MB written', cell: ({ bytesWritten }) => megabytes(bytesWritten) },
  { title: 'MB on disk', cell: ({ bytesOnDisk }) => megabytes(bytesOnDisk) },
  { title: 'RSS MB', cell: ({ rssMb }) => rssMb.toFixed(0) },
];

const PAUSES: Column = {
  title: 'pauses ms: p50 / p99 / p99.9 / max',
  cell: ({ pauseP50us, pauseP99us, pauseP999us, pauseMaxUs }) =>
    [pauseP50us, pauseP99us, pauseP999us, pauseMaxUs]
      .map((us) => (us === null ? '?' : (us / 1000).toFixed(1)))
      .join(' / '),
};

/** Titles and one line of cells per row; the first column is text, the others are figures. */
export function tableOf(ofWorkload: readonly Row[]): { titles: string[]; lines: string[][] } {
  const facts = [...new Set(ofWorkload.flatMap((row) => Object.keys(row.facts)))];
  const columns = [
    ...COLUMNS,
    ...(ofWorkload.some((row) => row.pauseMaxUs !== null) ? [PAUSES] : []),
    ...facts.map((name) => ({ title: name, cell: ({ facts }: Row) => fact(facts[name]) })),
  ];
  return {
    titles: columns.map(({ title }) => title),
    lines: ofWorkload.map((row) => columns.map(({ cell }) => cell(row))),
  };
}

function rate(perSecond: number): string {
  return perSecond < 100 ? perSecond.toPrecision(3) : Math.round(perSecond).toLocaleString('en');
}

function megabytes(bytes: number | null): string {
  return bytes === null ? '?' : (bytes / 1e6).toFixed(1);
}

function fact(value: number | undefined): string {
  if (value === undefined) return '–';
  return Number.isInteger(value) ? value.toLocaleString('en') : value.toPrecision(3);
}
