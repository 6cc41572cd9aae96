/** `varve stats`: what a database consists of, read from its manifest and from a read-only opening. */

import { join, resolve } from 'node:path';
import { compareBytes } from '../../base/index.js';
import type { Database } from '../../index.js';
import { fileName, parseFileName, readManifest, type TableMeta, type Version } from '../../storage/index.js';
import { type FileSystem, NodeFileSystem } from '../../vfs/index.js';
import type { CommandContext } from '../command.js';
import { type KeyForm, keyText } from '../key-text.js';
import { withDatabase } from '../opened-database.js';
import { textTable } from '../text-table.js';

interface Sums {
  readonly tables: number;
  readonly bytes: number;
  readonly entries: number;
  readonly tombstones: number;
  readonly superseded: number;
  readonly rawBytes: number;
}

interface LevelFacts extends Sums {
  readonly level: number;
  readonly runs: number;
  readonly minTimestamp: number;
  readonly maxTimestamp: number;
  readonly smallest: string;
  readonly largest: string;
}

type DatabaseFacts = ReturnType<typeof factsOf>;

export async function stats(path: string, options: { readonly keys: KeyForm }, context: CommandContext): Promise<void> {
  const directory = resolve(path);
  // Everything is read under the lock that opening takes.
  const facts = await withDatabase(directory, { readOnly: true }, (db) => factsOf(db, directory, options.keys));
  if (context.json) await context.output.json(facts);
  else await print(facts, context);
}

function factsOf(db: Database, path: string, keys: KeyForm) {
  const fileSystem = new NodeFileSystem();
  const manifest = readManifest(fileSystem, path);
  const { version, logNumber, prunedThrough } = manifest.state;
  const { engine, lastTimestamp } = db.stats();
  return {
    path,
    lastTimestamp,
    prunedThrough,
    levels: levelFacts(version, keys),
    totals: sumsOf([...version.tables()]),
    amplification: {
      read: engine.amplification.read,
      space: engine.amplification.space,
      // Counted while a database is written to, and this opening writes nothing.
      write: null,
    },
    log: {
      firstNeeded: fileName('log', logNumber),
      unflushedEntries: engine.memtableEntries,
      unflushedBytes: engine.memtableBytes,
    },
    manifest: { name: fileName('manifest', manifest.number), tornBytes: manifest.tornBytes },
    files: fileFacts(fileSystem, path),
    recovery: db.recovery,
  };
}

function levelFacts(version: Version, keys: KeyForm): LevelFacts[] {
  return version.levels.flatMap(({ runs }, level) => {
    const tables = runs.flatMap((run) => run.tables);
    const first = tables[0];
    if (first === undefined) return [];
    const { smallest, largest } = tables.reduce(
      (range, table) => ({
        smallest: compareBytes(table.smallest, range.smallest) < 0 ? table.smallest : range.smallest,
        largest: compareBytes(table.largest, range.largest) > 0 ? table.largest : range.largest,
      }),
      { smallest: first.smallest, largest: first.largest },
    );
    return [
      {
        level,
        runs: runs.length,
        ...sumsOf(tables),
        minTimestamp: tables.reduce((least, table) => Math.min(least, table.minTimestamp), first.minTimestamp),
        maxTimestamp: tables.reduce((most, table) => Math.max(most, table.maxTimestamp), first.maxTimestamp),
        smallest: keyText(smallest, keys),
        largest: keyText(largest, keys),
      },
    ];
  });
}

function sumsOf(tables: readonly TableMeta[]): Sums {
  const sum = (field: 'sizeBytes' | 'entries' | 'tombstones' | 'superseded' | 'rawBytes'): number =>
    tables.reduce((total, table) => total + table[field], 0);
  return {
    tables: tables.length,
    bytes: sum('sizeBytes'),
    entries: sum('entries'),
    tombstones: sum('tombstones'),
    superseded: sum('superseded'),
    rawBytes: sum('rawBytes'),
  };
}

/** Count and bytes of the files of each kind, needed or not. */
function fileFacts(fileSystem: FileSystem, path: string): Record<string, { files: number; bytes: number }> {
  const none = () => ({ files: 0, bytes: 0 });
  const kinds = { table: none(), log: none(), value: none(), manifest: none() };
  for (const name of fileSystem.list(path)) {
    const kind = parseFileName(name)?.kind;
    if (kind === undefined) continue;
    kinds[kind].files++;
    kinds[kind].bytes += fileSystem.stat(join(path, name)).sizeBytes;
  }
  return kinds;
}

async function print(facts: DatabaseFacts, { output }: CommandContext): Promise<void> {
  const { totals, amplification, log, recovery } = facts;
  await output.line(output.heading(`${facts.path}: commits up to ${facts.lastTimestamp}`));
  await output.line('');
  const heading = ['level', 'runs', 'tables', 'bytes', 'entries', 'deletions', 'superseded', 'timestamps', 'keys'];
  const rows = facts.levels.map((one) => [
    ...[one.level, one.runs, one.tables, one.bytes, one.entries, one.tombstones, one.superseded].map(String),
    `${one.minTimestamp} … ${one.maxTimestamp}`,
    `${one.smallest} … ${one.largest}`,
  ]);
  for (const line of facts.levels.length === 0 ? ['no tables'] : textTable([heading, ...rows])) await output.line(line);
  await output.line('');
  const garbage = totals.tombstones + totals.superseded;
  const lines = [
    ['tables', `${totals.tables}, ${totals.bytes} bytes for ${totals.rawBytes} bytes of keys and values`],
    ['garbage', `${garbage} of ${totals.entries} entries are deletions or superseded in their own table`],
    ['space', `${amplification.space.toFixed(2)} bytes of tables and values for a byte of the oldest run`],
    ['reads', `${amplification.read} runs that a point read may have to look into`],
    ['writes', 'not known: counted while a database is written to'],
    ['log', `${log.unflushedEntries} entries not in tables yet, from ${log.firstNeeded} on`],
    ['manifest', `${facts.manifest.name}${tornText(facts.manifest.tornBytes)}`],
    ...Object.entries(facts.files).map(([kind, { files, bytes }]) => [`${kind} files`, `${files}, ${bytes} bytes`]),
    [
      'recovery',
      `${recovery.batchesReplayed} commits replayed from ${recovery.logsReplayed} segments${tornText(recovery.tornBytesCut)}`,
    ],
  ];
  for (const [name = '', text = ''] of lines) await output.line(`${name.padEnd(15)}${text}`);
}

function tornText(bytes: number): string {
  return bytes === 0 ? '' : `, ${bytes} bytes left incomplete by a crash`;
}
