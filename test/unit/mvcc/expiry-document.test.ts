/** The worked example of docs/formats/expiry.md, executed. */

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { WriteBatch } from '../../../src/storage/index.js';
import { bytes, openMemoryStore } from '../../support/memory-store.js';
import { ManualTime } from '../../support/manual-time.js';

const START_MS = 1_767_225_600_000;
const document = readFileSync(new URL('../../../docs/formats/expiry.md', import.meta.url), 'utf8');

/** The bytes of the block that opens with "```hex name", without comments. */
function example(name: string): string {
  const block = new RegExp(`^\`\`\`hex ${name}\\n([^\`]*)^\`\`\``, 'm').exec(document);
  if (block === null) throw new Error(`docs/formats/expiry.md has no example ${name}`);
  return block[1]!.replace(/#.*$/gm, '').replace(/\s+/g, '');
}

const hex = (found: Uint8Array): string => Buffer.from(found).toString('hex');

test('docs/formats/expiry.md: what is stored while a value lives, and once it is gone', async () => {
  const { clock, scheduler } = new ManualTime(START_MS);
  const store = await openMemoryStore({}, { clock, scheduler });
  const key = new Uint8Array([3, 1, ...bytes('sk')]);
  const batch = new WriteBatch();
  batch.put(key, bytes('v'), START_MS + 1000);
  await store.write(batch);
  expect(hex(batch.encoded())).toBe(example('batch'));
  clock.advance(1004);
  expect(await store.expire()).toBe(1);
  const cursor = store.engine.cursor({}, { asOf: store.lastTimestamp, atMs: 0 });
  const stored: string[][] = [];
  while (cursor.next()) stored.push([hex(cursor.key()), hex(cursor.value())]);
  expect(stored).toEqual([[example('swept-key'), example('swept-value')]]);
  await store.close();
});
