/** The worked examples of docs/formats/catalog.md, executed. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  decodeTable,
  encodeNumber,
  encodeTable,
  sequenceKey,
  tableKey,
} from '../../../../src/sql/catalog/table-record.js';
import { userTable } from './table-samples.js';

const document = readFileSync(new URL('../../../../docs/formats/catalog.md', import.meta.url), 'utf8');

/** The bytes of the block that opens with "```hex name", without comments. */
function example(name: string): string {
  const block = new RegExp(`^\`\`\`hex ${name}\\n([^\`]*)^\`\`\``, 'm').exec(document);
  if (block === null) throw new Error(`docs/formats/catalog.md has no example ${name}`);
  return block[1]!.replace(/#.*$/gm, '').replace(/\s+/g, '');
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

describe('docs/formats/catalog.md', () => {
  test('the table', () => {
    expect(hex(tableKey(3))).toBe(example('table-key'));
    expect(hex(encodeTable(userTable))).toBe(example('table'));
    expect(decodeTable(Buffer.from(example('table'), 'hex'))).toEqual(userTable);
  });

  test('the sequence', () => {
    expect(hex(sequenceKey(2))).toBe(example('sequence-key'));
    expect(hex(encodeNumber(300))).toBe(example('sequence'));
  });
});
