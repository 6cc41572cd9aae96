import { describe, expect, test } from 'vitest';
import { checkOptionNames, InvalidArgumentError } from '../../../src/base/index.js';

describe('checkOptionNames', () => {
  test('takes undefined, an empty object, and known names whatever their values', () => {
    checkOptionNames('options of a test', undefined, ['a']);
    checkOptionNames('options of a test', {}, ['a']);
    checkOptionNames('options of a test', { a: undefined, b: 1 }, ['a', 'b']);
  });

  test('names the option that does not exist, and those that do', () => {
    const check = (): void => checkOptionNames('options of a test', { a: 1, prefx: 1 }, ['a', 'prefix']);
    expect(check).toThrow(InvalidArgumentError);
    expect(check).toThrow('options of a test do not include "prefx": known are a, prefix');
  });

  test.each([null, true, 'commit', 7, ['a'], () => 1])('refuses %s in place of an object', (options) => {
    expect(() => checkOptionNames('options of a test', options, ['a'])).toThrow(InvalidArgumentError);
  });
});
