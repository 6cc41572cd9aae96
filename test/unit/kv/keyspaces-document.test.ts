/** The worked examples of docs/formats/keyspaces.md, executed. */

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CodecRecords, Keyspace, namedKeyspace, recordingStoreSink, storeSink } from '../../../src/kv/index.js';
import { systemEnvironment } from '../../../src/vfs/index.js';
import { openMemoryStore } from '../../support/memory-store.js';

const document = readFileSync(new URL('../../../docs/formats/keyspaces.md', import.meta.url), 'utf8');

/** The bytes of the block that opens with "```hex name", without comments. */
function example(name: string): string {
  const block = new RegExp(`^\`\`\`hex ${name}\\n([^\`]*)^\`\`\``, 'm').exec(document);
  if (block === null) throw new Error(`docs/formats/keyspaces.md has no example ${name}`);
  return block[1]!.replace(/#.*$/gm, '').replace(/\s+/g, '');
}

test('docs/formats/keyspaces.md: what a first write stores', async () => {
  const store = await openMemoryStore();
  const layout = namedKeyspace('notes', { keys: 'utf8', values: 'json' });
  const records = new CodecRecords(store);
  records.open(layout);
  const space = new Keyspace(recordingStoreSink(storeSink(store, systemEnvironment()), records, layout), layout);
  await space.put('día', [1]);
  const stored: [string, string][] = [];
  const cursor = store.latest().cursor({});
  while (cursor.next()) {
    stored.push([Buffer.from(cursor.key()).toString('hex'), Buffer.from(cursor.value()).toString('hex')]);
  }
  expect(stored).toEqual([
    [example('record-key'), example('record')],
    [example('key'), example('value')],
  ]);
  const reader = new CodecRecords(store);
  expect(() => reader.open(namedKeyspace('notes'))).toThrow('"notes" has utf8 keys and json values');
  await store.close();
});
