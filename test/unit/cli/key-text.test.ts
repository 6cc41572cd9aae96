/** Keys as text: every form can be given back to the program that printed it. */

import { describe, expect, it } from 'vitest';
import { concatBytes, encodeTuple, InvalidArgumentError, utf8Encode } from '../../../src/base/index.js';
import { keyText, parseKey } from '../../../src/cli/key-text.js';
import { namedKeyspace } from '../../../src/kv/index.js';

const inDefault = (...parts: Parameters<typeof encodeTuple>[0][number][]): Uint8Array =>
  concatBytes(Uint8Array.of(2), encodeTuple(parts));
const named = (rest: Uint8Array): Uint8Array => concatBytes(namedKeyspace('día'.replace('í', 'i')).prefix, rest);

describe('keys as text', () => {
  it.each([
    ['a tuple', inDefault('user', 1, null, true), '["user",1,null,true]'],
    ['a nested one', inDefault('a', ['b', 1.5]), '["a",["b",1.5]]'],
    ['one of a named keyspace', named(encodeTuple([7])), 'dia:[7]'],
  ])('%s is read as it is shown', (_what, key, text) => {
    expect(keyText(key, 'tuple')).toBe(text);
    expect(parseKey(text, 'tuple')).toEqual(key);
  });

  it('text and hexadecimal digits are read as they are shown', () => {
    const key = named(utf8Encode('a b'));
    expect(keyText(key, 'utf8')).toBe('dia:"a b"');
    expect(parseKey('dia:"a b"', 'utf8')).toEqual(key);
    expect(parseKey('dia:a b', 'utf8')).toEqual(key);
    expect(keyText(key, 'hex')).toBe('0303646961612062');
    expect(parseKey('0303646961612062', 'hex')).toEqual(key);
    expect(parseKey("x'0303646961612062'", 'tuple')).toEqual(key);
  });

  it('bytes that are neither parts nor text are shown as bytes', () => {
    expect(keyText(named(Uint8Array.of(0xff, 0xfe)), 'tuple')).toBe("dia:x'fffe'");
    expect(keyText(inDefault(new Uint8Array([1]), 2n ** 70n, -Infinity), 'tuple')).toBe(
      "[x'01',1180591620717411303424n,-Infinity]".replace('1180591620717411303424n', String(2 ** 70)),
    );
  });

  it('tables of SQL, blobs and the catalog are named', () => {
    expect(keyText(Uint8Array.of(4, 5, 0, ...encodeTuple([1])), 'tuple')).toBe('(sql 5/0) [1]');
    expect(keyText(Uint8Array.of(4, 0xf9, 1, 0, 2, ...encodeTuple(['a'])), 'tuple')).toBe('(sql 256/2) ["a"]');
    expect(keyText(Uint8Array.of(5, 1, ...encodeTuple(['a'])), 'tuple')).toBe('(blob) ["a"]');
    expect(keyText(Uint8Array.of(1, 0x6b, 0x61), 'tuple')).toBe('(catalog) "ka"');
    const deadline = Uint8Array.of(6, 2, 0x01, 0x9b, 0x76, 0xda, 0xab, 0xe8, ...inDefault('a'));
    expect(keyText(deadline, 'tuple')).toBe('(until 2026-01-01T00:00:01.000Z) ["a"]');
    expect(keyText(Uint8Array.of(6, 1), 'tuple')).toBe('(swept) []');
  });

  it('control characters do not reach the terminal', () => {
    const shown = keyText(inDefault('\u001b[31m\u009b\u007f'), 'tuple');
    expect(shown).toBe('["\\u001b[31m\\u009b\\u007f"]');
  });

  it.each([
    ['abc', 'hex'],
    ["x'0'", 'tuple'],
    ['user', 'tuple'],
    ['{"a":1}', 'tuple'],
    ['(sql 5/0) [1]', 'tuple'],
    ['"open', 'utf8'],
    [`[{}]`, 'tuple'],
  ] as const)('%s is not a key in %s', (text, form) => {
    expect(() => parseKey(text, form)).toThrow(InvalidArgumentError);
  });
});
