import { describe, expect, test } from 'vitest';
import { likeMatcher } from '../../../../src/sql/values/index.js';

describe('LIKE', () => {
  test.each([
    ['', '', true],
    ['', 'a', false],
    ['%', '', true],
    ['abc', 'abc', true],
    ['abc', 'abcd', false],
    ['a%', 'abc', true],
    ['%c', 'abc', true],
    ['%b%', 'abc', true],
    ['a%a', 'a', false],
    ['a%a', 'aa', true],
    ['%ab%ab', 'abab', true],
    ['%ab%ab', 'ab', false],
    ['a%%c', 'abc', true],
    ['_', '😀', true],
    ['__', '😀', false],
    ['_b_', 'abc', true],
    ['%_', '', false],
    ['%_b_%', 'xxabcx', true],
    ['%a_c%', 'abbabc', true],
    ['%a_c%d', 'abcd', true],
    ['%a_c%cd', 'abcd', false],
    ['\\%', '%', true],
    ['\\%', 'x', false],
    ['\\_', 'x', false],
    ['a\\\\', 'a\\', true],
    ['%aaaaaaaaaaaab%', 'aaaaaaaaaaaaaaaaaaab', true],
    ['%aaaaaaaaaaaab%', 'aaaaaaaaaaaaaaaaaaa', false],
    [`%${'x'.repeat(70)}y%`, `${'x'.repeat(80)}y`, true],
    [`%${'x'.repeat(70)}_y%`, `${'x'.repeat(70)}y`, false],
    ['A', 'a', false],
  ])('%s on %s is %s', (pattern, text, matches) => {
    expect(likeMatcher(pattern)(text)).toBe(matches);
  });

  test('ESCAPE replaces the backslash, and empty means none', () => {
    expect(likeMatcher('a!%', { escape: '!' })('a%')).toBe(true);
    expect(likeMatcher('a!%', { escape: '!' })('ab')).toBe(false);
    expect(likeMatcher('a\\%', { escape: '!' })('a\\b')).toBe(true);
    expect(likeMatcher('\\_', { escape: '' })('\\x')).toBe(true);
  });

  test('ILIKE ignores case', () => {
    expect(likeMatcher('É%z', { caseInsensitive: true })('éxZ')).toBe(true);
  });

  test('a pattern must not end in its escape; an escape is one character', () => {
    expect(() => likeMatcher('abc\\')).toThrow(expect.objectContaining({ sqlState: '22025' }));
    expect(() => likeMatcher('abc', { escape: 'xy' })).toThrow(expect.objectContaining({ sqlState: '22019' }));
  });

  test('a pattern that makes backtracking matchers explode is answered', () => {
    const text = 'a'.repeat(200_000);
    expect(likeMatcher(`${'%a_a'.repeat(200)}%b`)(text)).toBe(false);
    expect(likeMatcher(`%${'a'.repeat(1000)}b%`)(text)).toBe(false);
  });
});
