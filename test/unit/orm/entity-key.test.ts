import { describe, expect, it } from 'vitest';
import { defineEntity } from '../../../src/orm/index.js';
import { entityText, identityOf, keyOfArgument, keyOfProperties } from '../../../src/orm/mapping/entity-key.js';
import { EntityRegistry } from '../../../src/orm/registry/entity-registry.js';

const Day = defineEntity({ name: 'Day', columns: { on: { type: 'date', primaryKey: true } } });
const Pair = defineEntity({
  name: 'Pair',
  columns: { left: { type: 'text', primaryKey: true }, right: { type: 'bytea', primaryKey: true } },
});
const registry = new EntityRegistry([Day, Pair]);
const [day, pair] = [registry.get(Day), registry.get(Pair)];

describe('identity', () => {
  it('is equal exactly for equal keys', () => {
    const keys = [
      ['a', 'b'],
      ['ab', ''],
      ['', 'ab'],
      ['a 1 ', 'b'],
      [1, '1'],
      ['1', 1],
      ['1', 1n],
      [true, 'true'],
    ];
    expect(new Set(keys.map(identityOf)).size).toBe(keys.length);
    expect(identityOf(['x', new Uint8Array([1, 2])])).toBe(identityOf(['x', new Uint8Array([1, 2])]));
    expect(identityOf([new Uint8Array([1])])).not.toBe(identityOf([new Uint8Array([2])]));
    expect(identityOf([7])).toBe(7);
  });
});

describe('keys', () => {
  it('are stored values, whoever names them', () => {
    expect(keyOfArgument(day, new Date('2024-03-01T15:00:00Z'))).toEqual([19783]);
    expect(keyOfProperties(day, { on: new Date('2024-03-01') })).toEqual([19783]);
    expect(keyOfProperties(day, { on: null })).toBeUndefined();
    expect(keyOfArgument(pair, { right: new Uint8Array([1]), left: 'x' })).toEqual(['x', new Uint8Array([1])]);
  });

  it.each([undefined, null, 'x', {}, { left: 'x' }, { left: 'x', right: new Uint8Array(), more: 1 }, ['x']])(
    'of a composite key are not %j',
    (id) => {
      expect(() => keyOfArgument(pair, id)).toThrow(/Pair is found by an object with the properties left, right/);
    },
  );

  it('name entities in messages', () => {
    expect(entityText(day, [19783])).toBe('Day 19783');
    expect(entityText(pair, ['x', new Uint8Array([1, 255])])).toBe('Pair (x, 01ff)');
  });
});
