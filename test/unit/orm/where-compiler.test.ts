import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../../../src/base/index.js';
import {
  and,
  between,
  defineEntity,
  type EntityClass,
  gte,
  isNotNull,
  isNull,
  like,
  lt,
  ne,
  not,
  notOneOf,
  oneOf,
  or,
} from '../../../src/orm/index.js';
import { WhereCompiler } from '../../../src/orm/query/where-compiler.js';
import { EntityRegistry } from '../../../src/orm/registry/entity-registry.js';
import type { Expression } from '../../../src/sql/index.js';

const Seat = defineEntity({
  name: 'Seat',
  columns: { row: { type: 'integer', primaryKey: true }, place: { type: 'text', primaryKey: true } },
});
const Guest = defineEntity({
  name: 'Guest',
  columns: {
    id: { type: 'integer', primaryKey: true },
    fullName: { type: 'text' },
    born: { type: 'date', nullable: true },
    data: { type: 'jsonb', nullable: true },
    raw: { type: 'json', nullable: true },
  },
  relations: {
    host: { kind: 'many-to-one', target: (): EntityClass => Guest, nullable: true },
    seat: { kind: 'many-to-one', target: () => Seat, nullable: true },
  },
});
const registry = new EntityRegistry([Guest, Seat]);

/** `id = $1` and the parameters: enough of SQL to read the trees. */
function compiled(where: unknown): string {
  const compiler = new WhereCompiler(registry.get(Guest));
  const expression = compiler.where(where);
  const text = expression === undefined ? 'true' : show(expression);
  return [text, ...compiler.parameters.map((value) => JSON.stringify(value))].join(' | ');
}

function show(node: Expression): string {
  const list = (nodes: readonly Expression[], glue: string): string => nodes.map(show).join(glue);
  switch (node.kind) {
    case 'column':
      return node.name;
    case 'parameter':
      return `$${node.key}`;
    case 'literal':
      return String(node.value);
    case 'binary':
      return `${show(node.left)} ${node.operator} ${show(node.right)}`;
    case 'logical':
      return `(${list(node.operands, ` ${node.operator} `)})`;
    case 'unary':
      return `${node.operator} ${show(node.operand)}`;
    case 'is-test':
      return `${show(node.operand)} is ${node.negated ? 'not ' : ''}${node.test}`;
    case 'in-list':
      return `${show(node.operand)} in (${list(node.list, ', ')})`;
    case 'between':
      return `${show(node.operand)} between ${show(node.low)} and ${show(node.high)}`;
    case 'like':
      return `${show(node.operand)} ${node.caseInsensitive ? 'ilike' : 'like'} ${show(node.pattern)}`;
    default:
      return node.kind;
  }
}

describe('conditions', () => {
  it.each<[unknown, string]>([
    [undefined, 'true'],
    [{}, 'true'],
    [{ fullName: 'Ada' }, 'full_name = $1 | "Ada"'],
    [{ id: 1, fullName: 'Ada' }, '(id = $1 and full_name = $2) | 1 | "Ada"'],
    [{ born: null }, 'born is null'],
    [{ born: isNull(), data: isNotNull() }, '(born is null and data is not null)'],
    [{ id: ne(3), born: ne(null) }, '(id <> $1 and born is not null) | 3'],
    [{ id: oneOf([1, 2]) }, 'id in ($1, $2) | 1 | 2'],
    [{ id: oneOf([1]) }, 'id = $1 | 1'],
    [{ id: oneOf([]) }, 'false'],
    [{ id: notOneOf([]) }, 'not false'],
    [{ id: notOneOf([1, 2]) }, 'not id in ($1, $2) | 1 | 2'],
    [{ id: between(1, 9) }, 'id between $1 and $2 | 1 | 9'],
    [{ fullName: like('A%') }, 'full_name like $1 | "A%"'],
    [{ fullName: like('a%', { caseInsensitive: true }) }, 'full_name ilike $1 | "a%"'],
    [{ id: or(lt(1), gte(5)) }, '(id < $1 or id >= $2) | 1 | 5'],
    [{ id: not(and(gte(1), lt(5))) }, 'not (id >= $1 and id < $2) | 1 | 5'],
    [
      or({ id: 1 }, and({ id: 2 }, not({ fullName: 'x' }))),
      '(id = $1 or (id = $2 and not full_name = $3)) | 1 | 2 | "x"',
    ],
    [or({}, { id: 1 }), '(true or id = $1) | 1'],
    [{ data: { a: 1 } }, 'data = $1 | {"a":1}'],
    [{ host: 5 }, 'host_id = $1 | 5'],
    [{ host: null }, 'host_id is null'],
    [{ host: oneOf([5, Object.assign(new Guest(), { id: 6 })]) }, 'host_id in ($1, $2) | 5 | 6'],
    [{ host: ne(5) }, 'not host_id = $1 | 5'],
    [{ seat: { row: 1, place: 'a' } }, '(seat_row = $1 and seat_place = $2) | 1 | "a"'],
    [{ seat: Object.assign(new Seat(), { row: 1, place: 'a' }) }, '(seat_row = $1 and seat_place = $2) | 1 | "a"'],
    [{ seat: isNull() }, 'seat_row is null'],
    [
      {
        seat: oneOf([
          { row: 1, place: 'a' },
          { row: 2, place: 'b' },
          { row: 1, place: 'a' },
        ]),
      },
      '(seat_row in ($5, $6) and ((seat_row = $1 and seat_place = $2) or (seat_row = $3 and seat_place = $4))) | 1 | "a" | 2 | "b" | 1 | 2',
    ],
  ])('%j compiles to %s', (where, text) => {
    expect(compiled(where)).toBe(text);
  });
});

describe('what is not a condition is refused', () => {
  it.each<[string, unknown, RegExp]>([
    ['an unknown property', { name: 'x' }, /Guest has no property "name"; it has id, fullName, born/],
    ['a column name', { full_name: 'x' }, /no property "full_name"/],
    [
      'an operator spelled as an object',
      { fullName: { gt: '' } },
      /Guest\.fullName is of type text and takes no object/,
    ],
    ['an operator of another system', { id: { $ne: null } }, /Guest\.id is of type integer and takes no object/],
    ['an array for a scalar', { fullName: ['a'] }, /takes no array/],
    ['an object for a date', { born: {} }, /takes no object/],
    ['undefined', { fullName: undefined }, /Guest\.fullName is undefined/],
    ['the wrong type', { id: true }, /Guest\.id/],
    ['__proto__', JSON.parse('{"__proto__": {"id": 1}}'), /no property "__proto__"/],
    ['constructor', { constructor: 'x' }, /no property "constructor"/],
    ['a string', '1=1; --', /where must be an object/],
    ['an array', [{ id: 1 }], /where must be an object/],
    ['a condition of a value', gte(3), /where must be an object/],
    ['a comparison with null', { id: gte(null) }, /null compares with nothing/],
    ['null in a list', { id: oneOf([1, null]) }, /null compares with nothing/],
    ['a condition inside a condition', { id: gte(lt(3)) }, /cannot be the operand/],
    ['a pattern for a number', { id: like('1%') }, /like\(\) is for text/],
    ['a list that is none', { id: oneOf('12' as never) }, /take an array/],
    ['equality of json', { raw: { a: 1 } }, /json has no equality/],
    ['an order of a composite reference', { seat: gte({ row: 1, place: 'a' }) }, /needs a column with an order/],
    ['an entity of another class', { host: new Seat() }, /Guest\.host takes a Guest or its primary key/],
    ['a plain object for a reference', { host: { id: 5 } }, /takes a Guest or its primary key/],
    ['an incomplete key', { seat: { row: 1 } }, /Seat is found by an object with the properties row, place/],
    ['an entity without key', { host: new Guest() }, /has no primary key yet/],
  ])('%s', (_, where, message) => {
    expect(() => compiled(where)).toThrow(InvalidArgumentError);
    expect(() => compiled(where)).toThrow(message);
  });

  it('even when it is built to look like a condition', () => {
    const forged = { operator: '>=', value: 0, on: 1, kind: 'comparison' };
    expect(() => compiled({ id: forged })).toThrow(InvalidArgumentError);
    expect(() => compiled(forged)).toThrow(/no property "operator"/);
  });
});
