/** The worked examples of docs/formats/rows.md, executed. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ByteWriter } from '../../../../src/base/index.js';
import { ColumnKind } from '../../../../src/sql/rows/column-value.js';
import { appendKeyPart, indexPrefix } from '../../../../src/sql/rows/key-layout.js';
import { encodeRow } from '../../../../src/sql/rows/row-codec.js';
import type { SqlValue } from '../../../../src/sql/values/index.js';

const document = readFileSync(new URL('../../../../docs/formats/rows.md', import.meta.url), 'utf8');

/** The bytes of the block that opens with "```hex name", without comments. */
function example(name: string): string {
  const block = new RegExp(`^\`\`\`hex ${name}\\n([^\`]*)^\`\`\``, 'm').exec(document);
  if (block === null) throw new Error(`docs/formats/rows.md has no example ${name}`);
  return block[1]!.replace(/#.*$/gm, '').replace(/\s+/g, '');
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function key(prefix: Uint8Array, ...parts: [ColumnKind, SqlValue, boolean?][]): string {
  const writer = new ByteWriter();
  writer.raw(prefix);
  for (const [kind, value, descending] of parts) appendKeyPart(writer, kind, value, descending);
  return hex(writer.bytes());
}

const { Boolean, Integer, Text } = ColumnKind;

describe('docs/formats/rows.md', () => {
  test('rows', () => {
    expect(hex(encodeRow([Integer, Text, Boolean, Integer], [1, 'Ada', true, null]))).toBe(example('row-1'));
    expect(hex(encodeRow([Integer, Integer], [-300, Date.UTC(2024, 1, 29, 12)]))).toBe(example('row-2'));
  });

  test('keys', () => {
    expect(key(indexPrefix(5, 0), [Integer, 1])).toBe(example('key-row'));
    expect(key(indexPrefix(300, 2), [Text, 'Rome'], [Integer, 1])).toBe(example('key-entry'));
    expect(key(indexPrefix(5, 1), [Integer, 1, true])).toBe(example('key-descending'));
  });
});
