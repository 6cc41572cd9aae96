/** A table as lines. */

import { inspectTable, type TableItem } from '../../storage/index.js';
import type { FileSystem } from '../../vfs/index.js';
import { type KeyForm, keyText } from '../key-text.js';
import { clearLine, damageLine, type DumpLine, headerLine, nestedText, placedText } from './dump-line.js';
import type { DumpedFile } from './dumped-file.js';
import { operationTexts } from './operation-text.js';

export function* tableLines(
  fileSystem: FileSystem,
  file: DumpedFile,
  options: { readonly keys: KeyForm; readonly from: Uint8Array | undefined },
): Generator<DumpLine> {
  const { keys } = options;
  for (const item of inspectTable(fileSystem, file, options.from)) {
    yield lineOf(item, keys);
    if (item.item !== 'tombstones') continue;
    for (const { start, end, timestamps } of item.fragments) {
      yield clearLine({ start: keyText(start, keys), end: keyText(end, keys), timestamps });
    }
  }
}

function lineOf(item: TableItem, keys: KeyForm): DumpLine {
  switch (item.item) {
    case 'header':
      return headerLine(item);
    case 'damage':
      return damageLine(item);
    case 'properties':
      return propertiesLine(item, keys);
    case 'top-index':
      return blockLine(item, `, ${item.partitions} partitions`);
    case 'index':
      return blockLine(item, `, ${item.blocks} data blocks`);
    case 'filter':
      return blockLine(item, '');
    case 'tombstones': {
      const { fragments, ...place } = item;
      return {
        text: placedText(item.offset, item.item, `${sizeText(item)}, ${fragments.length} ranges`),
        data: { ...place, ranges: fragments.length, checksum: 'ok' },
      };
    }
    case 'block': {
      const end = { endKey: keyText(item.endKey, keys), endTimestamp: item.endTimestamp };
      const facts = `${item.number}: ${sizeText(item)}, ${item.entries} entries up to ${end.endKey} @${end.endTimestamp}`;
      return { text: placedText(item.offset, 'block', facts), data: { ...item, ...end, checksum: 'ok' } };
    }
    case 'entry':
      return entryLine(item, keys);
  }
}

function blockLine(item: Extract<TableItem, { item: 'top-index' | 'index' | 'filter' }>, facts: string): DumpLine {
  const text = placedText(item.offset, item.item, sizeText(item) + facts);
  return { text, data: { ...item, checksum: 'ok' } };
}

function sizeText({ payloadBytes, rawBytes }: { readonly payloadBytes: number; readonly rawBytes: number }): string {
  const compressed = payloadBytes === rawBytes ? '' : ` (${rawBytes} uncompressed)`;
  return `${payloadBytes} bytes${compressed}, checksum ok`;
}

function propertiesLine(item: Extract<TableItem, { item: 'properties' }>, keys: KeyForm): DumpLine {
  const { smallest, largest, ...numbers } = item.properties;
  const range = { smallest: keyText(smallest, keys), largest: keyText(largest, keys) };
  const { entries, tombstones, rangeTombstones, rawBytes, dataBlocks, minTimestamp, maxTimestamp } = numbers;
  const cleared = rangeTombstones === 0 ? '' : `, ${rangeTombstones} deletions of ranges`;
  const facts =
    `${entries} entries, ${tombstones} of them deletions${cleared}, ${rawBytes} bytes of keys and values, ${dataBlocks} data blocks, ` +
    `timestamps ${minTimestamp} … ${maxTimestamp}, keys ${range.smallest} … ${range.largest}; checksum ok`;
  return {
    text: placedText(item.offset, item.item, facts),
    data: { ...item, properties: { ...numbers, ...range }, checksum: 'ok' },
  };
}

function entryLine(item: Extract<TableItem, { item: 'entry' }>, keys: KeyForm): DumpLine {
  const { timestamp } = item;
  const { name, text, data } = operationTexts(item.kind, item.key, item.value);
  const key = keyText(item.key, keys);
  return {
    text: nestedText(name, `${key} @${timestamp}${text}`),
    data: { item: 'entry', kind: name, key, timestamp, ...data },
    isEntry: true,
  };
}
