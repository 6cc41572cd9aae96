/** Functions on text. Positions and lengths count characters (code points) from 1. */

import { SqlSemanticError } from '../../base/index.js';
import { checkTextUnits } from './data-exception.js';
import type { ScalarSignature } from './function-signature.js';
import { BYTEA, INTEGER, TEXT } from './sql-type.js';
import type { SqlValue } from './value.js';
import { characterCount, firstCharacters, valueText } from './value-text.js';

function textFunction(
  extraParameters: readonly (typeof TEXT)[],
  apply: (text: string, second: string, third: string) => string,
): ScalarSignature {
  return {
    parameters: [TEXT, ...extraParameters],
    result: TEXT,
    evaluation: 'strict',
    implement: () => (values) => {
      const [text, second = '', third = ''] = values as readonly string[];
      const result = apply(text!, second, third);
      checkTextUnits(result.length);
      return result;
    },
  };
}

const LENGTH: readonly ScalarSignature[] = [
  {
    parameters: [TEXT],
    result: INTEGER,
    evaluation: 'strict',
    implement: () => (values) => characterCount(values[0] as string),
  },
  {
    parameters: [BYTEA],
    result: INTEGER,
    evaluation: 'strict',
    implement: () => (values) => (values[0] as Uint8Array).length,
  },
];

/** SUBSTRING(text FROM start [FOR count]): positions before the first count as missing characters, as in the standard. */
function substring(text: string, start: number, count: number): string {
  if (count < 0) {
    throw new SqlSemanticError(`substring of negative length ${count}`, { sqlState: '22011', facts: { found: count } });
  }
  const end = start + count;
  const head = firstCharacters(text, Math.max(0, Math.min(end - 1, text.length)));
  return head.slice(firstCharacters(text, Math.max(0, Math.min(start - 1, text.length))).length);
}

const SUBSTRING: readonly ScalarSignature[] = [
  {
    parameters: [TEXT, INTEGER],
    result: TEXT,
    evaluation: 'strict',
    implement: () => (values) => substring(values[0] as string, values[1] as number, Infinity),
  },
  {
    parameters: [TEXT, INTEGER, INTEGER],
    result: TEXT,
    evaluation: 'strict',
    implement: () => (values) => substring(values[0] as string, values[1] as number, values[2] as number),
  },
];

/** Removes characters of `set` from the chosen ends. */
function trim(text: string, set: string, ends: 'both' | 'start' | 'end'): string {
  const removed = new Set(set);
  const characters = Array.from(text);
  let start = 0;
  let end = characters.length;
  if (ends !== 'end') while (start < end && removed.has(characters[start]!)) start++;
  if (ends !== 'start') while (end > start && removed.has(characters[end - 1]!)) end--;
  return characters.slice(start, end).join('');
}

function trimFunction(ends: 'both' | 'start' | 'end'): readonly ScalarSignature[] {
  return [
    textFunction([], (text) => trim(text, ' ', ends)),
    textFunction([TEXT], (text, set) => trim(text, set, ends)),
  ];
}

function replaceAll(text: string, from: string, to: string): string {
  if (from === '') return text;
  const parts = text.split(from);
  checkTextUnits(text.length + (parts.length - 1) * (to.length - from.length));
  return parts.join(to);
}

/** Joins the texts of its arguments; NULLs count as empty. */
const CONCAT: ScalarSignature = {
  parameters: ['any'],
  variadic: true,
  result: TEXT,
  evaluation: 'null-aware',
  implement: (types) => (values) => {
    const texts = values.map((value: SqlValue, index) => (value === null ? '' : valueText(value, types[index]!)));
    checkTextUnits(texts.reduce((units, text) => units + text.length, 0));
    return texts.join('');
  },
};

export const TEXT_FUNCTIONS: ReadonlyMap<string, readonly ScalarSignature[]> = new Map([
  ['lower', [textFunction([], (text) => text.toLowerCase())]],
  ['upper', [textFunction([], (text) => text.toUpperCase())]],
  ['length', LENGTH],
  ['char_length', [LENGTH[0]!]],
  ['character_length', [LENGTH[0]!]],
  ['octet_length', [LENGTH[1]!]],
  ['substr', SUBSTRING],
  ['substring', SUBSTRING],
  ['trim', trimFunction('both')],
  ['btrim', trimFunction('both')],
  ['ltrim', trimFunction('start')],
  ['rtrim', trimFunction('end')],
  ['replace', [textFunction([TEXT, TEXT], (text, from, to) => replaceAll(text, from, to))]],
  ['concat', [CONCAT]],
]);
