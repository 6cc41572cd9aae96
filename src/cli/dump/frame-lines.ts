/** Log segments and manifests as lines. */

import { dirname } from 'node:path';
import { isVouchedFor } from '../../recovery/index.js';
import {
  type CommitTime,
  EntryKind,
  inspectLog,
  inspectManifest,
  type LogItem,
  type ManifestItem,
  parseFileName,
  type TableMeta,
} from '../../storage/index.js';
import type { FileSystem } from '../../vfs/index.js';
import { type KeyForm, keyText } from '../key-text.js';
import {
  clearLine,
  damageLine,
  type DumpLine,
  headerLine,
  nestedText,
  placedText,
  timeText,
  tornTailLine,
} from './dump-line.js';
import type { DumpedFile } from './dumped-file.js';
import { operationTexts } from './operation-text.js';

export function* logLines(fileSystem: FileSystem, file: DumpedFile, keys: KeyForm): Generator<DumpLine> {
  for (const item of inspectLog(fileSystem, file, mayBeTorn(fileSystem, file))) {
    if (item.item === 'header') yield headerLine(item);
    else if (item.item === 'damage') yield damageLine(item);
    else if (item.item === 'torn-tail') yield tornTailLine(item);
    else if (item.item === 'room') {
      const facts = `${item.bytes} bytes, for records to come`;
      yield { text: placedText(item.offset, item.item, facts), data: { ...item } };
    } else yield* recordLines(item, keys);
  }
}

/** Whether no later segment beside it says that it had been durable. A file under another name stands for itself. */
function mayBeTorn(fileSystem: FileSystem, { path, name, fileNumber }: DumpedFile): boolean {
  if (parseFileName(name) === undefined) return true;
  return !isVouchedFor(fileSystem, dirname(path), fileNumber);
}

function* recordLines(item: Extract<LogItem, { item: 'record' }>, keys: KeyForm): Generator<DumpLine> {
  const { offset, bytes, syncedOffset, record } = item;
  const place = { offset, bytes, syncedOffset, checksum: 'ok' };
  if (record.type === 'end') {
    const { lastTimestamp, successor } = record;
    const next = successor === 0 ? 'no successor' : `successor ${successor}`;
    yield {
      text: placedText(offset, 'end', `last timestamp ${lastTimestamp}, ${next}, checksum ok`),
      data: { item: 'end', ...place, lastTimestamp, successor },
    };
    return;
  }
  const { timestamp, batch, madeAtMs } = record;
  const made = madeAtMs === undefined ? '' : `, made at ${timeText(madeAtMs)}`;
  yield {
    text: placedText(
      offset,
      'batch',
      `timestamp ${timestamp}${made}, ${batch.count} operations, ${bytes} bytes, checksum ok`,
    ),
    data: { item: 'batch', ...place, timestamp, madeAtMs, operations: batch.count },
  };
  const operations: DumpLine[] = [];
  batch.forEach((kind, buffer, keyStart, keyEnd, valueStart, valueEnd) => {
    const storedKey = buffer.subarray(keyStart, keyEnd);
    const value = buffer.subarray(valueStart, valueEnd);
    const key = keyText(storedKey, keys);
    if (kind === EntryKind.RangeDelete) {
      operations.push(clearLine({ start: key, end: keyText(value, keys), timestamps: [timestamp] }));
      return;
    }
    const { name, text, data } = operationTexts(kind, storedKey, value);
    operations.push({
      text: nestedText(name, key + text),
      data: { item: 'entry', kind: name, key, timestamp, ...data },
      isEntry: true,
    });
  });
  yield* operations;
}

export function* manifestLines(fileSystem: FileSystem, file: DumpedFile, keys: KeyForm): Generator<DumpLine> {
  for (const item of inspectManifest(fileSystem, file)) {
    if (item.item === 'header') yield headerLine(item);
    else if (item.item === 'damage') yield damageLine(item);
    else if (item.item === 'torn-tail') yield tornTailLine(item);
    else if (item.item === 'edit') yield* editLines(item, keys);
    else yield stateLine(item);
  }
}

function* editLines(item: Extract<ManifestItem, { item: 'edit' }>, keys: KeyForm): Generator<DumpLine> {
  const { offset, bytes, syncedOffset } = item;
  const { added, removed, times, ...numbers } = item.edit;
  const changes = [...numberTexts(numbers), ...timesTexts(times)];
  yield {
    text: placedText(offset, 'edit', [...changes, `${bytes} bytes, checksum ok`].join(', ')),
    data: {
      item: 'edit',
      offset,
      bytes,
      syncedOffset,
      checksum: 'ok',
      ...numbers,
      times,
    },
    isEntry: true,
  };
  for (const { level, fileNumber } of removed) {
    yield {
      text: nestedText('removed', `table ${fileNumber} from level ${level}`),
      data: { item: 'removed', level, fileNumber },
    };
  }
  for (const { level, run, table } of added) {
    const { smallest, largest } = tableData(table, keys);
    const facts =
      `table ${table.fileNumber} to level ${level}, run ${run}: ${table.sizeBytes} bytes, ${table.entries} entries, ` +
      `timestamps ${table.minTimestamp} … ${table.maxTimestamp}, keys ${smallest} … ${largest}`;
    yield { text: nestedText('added', facts), data: { item: 'added', level, run, ...tableData(table, keys) } };
  }
}

function numberTexts(numbers: Readonly<Record<string, number>>): string[] {
  return Object.entries(numbers).map(([name, value]) => `${name} ${value}`);
}

function timesTexts(times: readonly CommitTime[] | undefined): string[] {
  const first = times?.[0];
  const last = times?.at(-1);
  if (times === undefined || first === undefined || last === undefined) return [];
  return [`${times.length} commit times from ${timeText(first.fromMs)} to ${timeText(last.untilMs)}`];
}

function tableData(table: TableMeta, keys: KeyForm): Record<string, unknown> & { smallest: string; largest: string } {
  return { ...table, smallest: keyText(table.smallest, keys), largest: keyText(table.largest, keys) };
}

function stateLine({ item, state }: Extract<ManifestItem, { item: 'state' }>): DumpLine {
  const { version, times, ...numbers } = state;
  const levels = version.levels.map(({ runs }) =>
    runs.map((run) => ({ run: run.id, tables: run.tables.map(({ fileNumber }) => fileNumber) })),
  );
  const facts = [...numberTexts(numbers), ...timesTexts(times)];
  const shape = levels.map(
    (runs, level) => `level ${level}: ${runs.map(({ tables }) => `[${tables.join(' ')}]`).join(' ')}`,
  );
  return {
    text: nestedText('state', [...facts, ...shape.filter((text) => text.endsWith(']'))].join(', ')),
    data: { item, ...numbers, times, levels },
  };
}
