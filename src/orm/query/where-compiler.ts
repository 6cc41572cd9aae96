/**
 * Where-objects to SQL expressions. Values become parameters, never text; names are looked up in the entity, never passed
 * on; only instances of `Condition` are conditions, and everything else is a value that must fit its column.
 */

import { InvalidArgumentError, unreachable } from '../../base/index.js';
import * as ast from '../../sql/index.js';
import { identityOf, keyOfProperties } from '../mapping/entity-key.js';
import { keyOfReferenceArgument } from '../mapping/entity-mapper.js';
import { storedValue } from '../mapping/field-value.js';
import type { EntityMetadata, FieldMetadata, ReferenceMetadata } from '../registry/entity-metadata.js';
import {
  ComparisonCondition,
  Condition,
  LogicalCondition,
  MembershipCondition,
  NegatedCondition,
  NullCondition,
  PatternCondition,
  RangeCondition,
} from './operator.js';

type Column = FieldMetadata | ReferenceMetadata;

/** Compiles for one statement, whose parameters it gathers: `$1` is `parameters[0]`. */
export class WhereCompiler {
  readonly parameters: unknown[] = [];
  readonly #entity: EntityMetadata;

  constructor(entity: EntityMetadata) {
    this.#entity = entity;
  }

  /** Undefined when nothing is asked. Throws `InvalidArgumentError`. */
  where(where: unknown): ast.Expression | undefined {
    if (where === undefined) return undefined;
    if (where instanceof LogicalCondition) return this.#logical(where, (operand) => this.#operand(operand));
    if (where instanceof NegatedCondition) return ast.not(this.#operand(where.operand));
    if (where instanceof Condition || typeof where !== 'object' || where === null || Array.isArray(where)) {
      throw new InvalidArgumentError(`where must be an object of conditions on properties of ${this.#entity.name}`, {
        facts: { entity: this.#entity.name },
      });
    }
    const conditions: ast.Expression[] = [];
    for (const name of Object.keys(where)) {
      const value = (where as Record<string, unknown>)[name];
      conditions.push(this.#property(columnOf(this.#entity, name), value));
    }
    return ast.conjunction(conditions);
  }

  /** The next parameter of the statement. */
  parameter(value: unknown): ast.Expression {
    this.parameters.push(value);
    return ast.parameter(this.parameters.length);
  }

  /** The reference points to one of these keys. */
  pointsTo(reference: ReferenceMetadata, keys: readonly (readonly ast.SqlValue[])[]): ast.Expression {
    return this.#among(
      reference,
      keys.map((key) => key.map((part, i) => ast.toJs(part, reference.fields[i]!.type))),
    );
  }

  #operand(operand: unknown): ast.Expression {
    return this.where(operand) ?? ast.booleanLiteral(true);
  }

  #logical({ operator, operands }: LogicalCondition<unknown>, compile: (operand: unknown) => ast.Expression) {
    const compiled = operands.map(compile);
    return compiled.length === 1 ? compiled[0]! : ast.logical(operator, compiled);
  }

  #property(column: Column, value: unknown): ast.Expression {
    if (value === undefined) {
      throw new InvalidArgumentError(
        `where ${column.place} is undefined: leave the property out to accept any value, use null to ask for none`,
        { facts: { property: column.place } },
      );
    }
    if (value === null) return this.#isNull(column, false);
    if (!(value instanceof Condition)) return this.#equal(column, value);
    if (value instanceof LogicalCondition) return this.#logical(value, (operand) => this.#property(column, operand));
    if (value instanceof NegatedCondition) return ast.not(this.#property(column, value.operand));
    if (value instanceof NullCondition) return this.#isNull(column, value.negated);
    if (value instanceof MembershipCondition) return this.#membership(column, value);
    if (value instanceof ComparisonCondition) return this.#comparison(column, value);
    const field = this.#ordered(column);
    if (value instanceof RangeCondition) {
      return ast.between(ast.column(field.column), {
        low: this.#value(field, value.low),
        high: this.#value(field, value.high),
      });
    }
    if (value instanceof PatternCondition) return this.#like(field, value);
    return unreachable(value as never);
  }

  #comparison(column: Column, { operator, value }: ComparisonCondition<unknown>): ast.Expression {
    if (operator === '<>' || operator === '=') {
      const negated = operator === '<>';
      if (value === null) return this.#isNull(column, negated);
      if (!negated) return this.#equal(column, value);
      if (column.kind === 'reference') return ast.not(this.#equal(column, value));
    }
    const field = this.#ordered(column);
    return ast.binary(operator, ast.column(field.column), this.#value(field, value));
  }

  #membership(column: Column, { values, negated }: MembershipCondition<unknown>): ast.Expression {
    if (!Array.isArray(values)) throw wrongValue(column, 'oneOf and notOneOf take an array');
    const keys = values.map((value) =>
      column.kind === 'field' ? [this.#jsValue(column, value)] : this.#key(column, value),
    );
    const among = this.#among(column, keys);
    return negated ? ast.not(among) : among;
  }

  /** `keys` are JavaScript values, one per field. */
  #among(column: Column, keys: readonly (readonly unknown[])[]): ast.Expression {
    if (keys.length === 0) return ast.booleanLiteral(false);
    const fields = column.kind === 'field' ? [column] : column.fields;
    if (fields.length === 1) {
      const list = keys.map((key) => this.parameter(key[0]));
      const operand = ast.column(fields[0]!.column);
      return list.length === 1 ? ast.binary('=', operand, list[0]!) : ast.inList(operand, list);
    }
    const distinct = new Map(keys.map((key) => [identityOf(key.map(identifying)), key]));
    const each = Array.from(distinct.values(), (key) => this.#allEqual(fields, key));
    if (each.length === 1) return each[0]!;
    // The first part alone finds a range of an index; the alternatives then choose in it.
    const firsts = [...new Set(keys.map((key) => key[0]))].map((value) => this.parameter(value));
    return ast.conjunction([ast.inList(ast.column(fields[0]!.column), firsts), ast.logical('or', each)])!;
  }

  #equal(column: Column, value: unknown): ast.Expression {
    if (column.kind === 'reference') return this.#allEqual(column.fields, this.#key(column, value));
    if (column.type.name === 'json') {
      throw wrongValue(column, 'json has no equality; use the type jsonb for documents that are compared');
    }
    return this.#allEqual([column], [this.#jsValue(column, value)]);
  }

  #allEqual(fields: readonly FieldMetadata[], values: readonly unknown[]): ast.Expression {
    const equalities = fields.map((field, i) => ast.binary('=', ast.column(field.column), this.parameter(values[i])));
    return ast.conjunction(equalities)!;
  }

  #isNull(column: Column, negated: boolean): ast.Expression {
    const field = column.kind === 'field' ? column : column.fields[0]!;
    return ast.isTest(ast.column(field.column), 'null', negated);
  }

  #like(field: FieldMetadata, { pattern, caseInsensitive }: PatternCondition): ast.Expression {
    if (field.type.category !== 'string') throw wrongValue(field, 'like() is for text');
    if (typeof pattern !== 'string') throw wrongValue(field, 'like() takes a string');
    return ast.like(ast.column(field.column), this.parameter(pattern), { caseInsensitive });
  }

  /** The one field that an order can be asked of. */
  #ordered(column: Column): FieldMetadata {
    const field = column.kind === 'field' ? column : column.fields[0]!;
    const several = column.kind === 'reference' && column.fields.length > 1;
    if (several || field.type.name === 'json') throw wrongValue(column, 'this condition needs a column with an order');
    return field;
  }

  #value(field: FieldMetadata, value: unknown): ast.Expression {
    const target = field.joins;
    return this.parameter(this.#jsValue(field, target === undefined ? value : this.#key(target.reference, value)[0]));
  }

  /** Checked against the column; what the database gets is the value itself. */
  #jsValue(field: FieldMetadata, value: unknown): unknown {
    if (value === null || value === undefined) {
      throw wrongValue(field, `${String(value)} compares with nothing; use isNull() or isNotNull()`);
    }
    if (value instanceof Condition) throw wrongValue(field, 'a condition cannot be the operand of a comparison');
    storedValue(field, value);
    return value;
  }

  /** The key of an entity, or the key itself, as JavaScript values. */
  #key(reference: ReferenceMetadata, value: unknown): unknown[] {
    const { target } = reference;
    if (value === null || value === undefined || value instanceof Condition) {
      throw wrongValue(reference, 'expected an entity or its primary key; for none, use isNull()');
    }
    const key =
      value instanceof target.entityClass
        ? keyOfProperties(target, value as Record<string, unknown>)
        : keyOfReferenceArgument(reference, value);
    if (key === undefined) throw wrongValue(reference, `the ${target.name} has no primary key yet`);
    return key.map((part, i) => ast.toJs(part, reference.fields[i]!.type));
  }
}

/** What tells one value from another: dates are objects. */
function identifying(value: unknown): ast.SqlValue {
  return (value instanceof Date ? value.getTime() : value) as ast.SqlValue;
}

/** The stored property of this name. Throws `InvalidArgumentError` listing those there are. */
export function columnOf(entity: EntityMetadata, name: string): Column {
  const property = entity.properties.get(name);
  if (property !== undefined && property.kind !== 'collection') return property;
  const known = [...entity.properties.values()].filter(({ kind }) => kind !== 'collection').map((p) => p.property);
  const what = property === undefined ? 'no property' : 'no column behind';
  throw new InvalidArgumentError(`${entity.name} has ${what} ${JSON.stringify(name)}; it has ${known.join(', ')}`, {
    facts: { entity: entity.name, property: name, known },
  });
}

function wrongValue(column: Column, problem: string): InvalidArgumentError {
  return new InvalidArgumentError(`where ${column.place}: ${problem}`, { facts: { property: column.place } });
}
