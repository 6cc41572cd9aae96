/** The worked examples of docs/formats/keyspaces.md, executed. */

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  Blobs,
  CodecRecords,
  Keyspace,
  namedKeyspace,
  recordingStoreSink,
  storeSink,
  Uploads,
} from '../../../src/kv/index.js';
import { seededRandom } from '../../../src/base/index.js';
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

test('docs/formats/keyspaces.md: what is stored of a blob', async () => {
  const store = await openMemoryStore();
  const uploads = new Uploads(store, seededRandom(7), 1000);
  const blobs = new Blobs({ environment: systemEnvironment(), store, uploads }, undefined);
  await blobs.put('a', Buffer.from('Hi'));
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  const stored: [string, string][] = [];
  const cursor = store.latest().cursor({});
  while (cursor.next()) stored.push([hex(cursor.key()), hex(cursor.value())]);
  expect(stored).toEqual([
    [example('blob-key'), expect.stringMatching(/^9801c410/)],
    [example('chunk-key'), example('chunk')],
  ]);
  await store.close();
});
