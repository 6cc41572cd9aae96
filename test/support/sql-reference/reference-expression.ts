/** Evaluates an expression of the syntax tree, one row at a time, as the standard describes it. */

import type { Expression, LiteralExpression, SelectStatement } from '../../../src/sql/ast/index.js';
import {
  boolean,
  compare,
  convert,
  float,
  integer,
  kindOf,
  type ReferenceValue,
  same,
  SqlFault,
  text,
  truth,
} from './reference-value.js';

export interface Cell {
  /** The table's alias. */
  readonly table: string;
  readonly column: string;
  readonly value: ReferenceValue;
}

/** A row of a FROM clause: the cells of all its tables in their order. */
export type Row = readonly Cell[];

export interface Scope {
  readonly row: Row;
  /** The rows of the group, where the query is grouped; aggregates range over them. */
  readonly group: readonly Row[] | undefined;
  /** Of the query around this one. */
  readonly outer: Scope | undefined;
  readonly parameters: readonly ReferenceValue[];
  /** Runs a subquery for this scope. */
  readonly query: (select: SelectStatement, scope: Scope) => readonly (readonly ReferenceValue[])[];
}

const AGGREGATES = new Set(['count', 'sum', 'avg', 'min', 'max']);

/** True when the expression contains an aggregate of its own query. */
export function hasAggregate(expression: Expression): boolean {
  if (expression.kind === 'call' && AGGREGATES.has(expression.name)) return true;
  return Object.entries(expression).some(([key, member]: [string, unknown]) => key !== 'query' && nested(member));
}

function nested(member: unknown): boolean {
  if (Array.isArray(member)) return member.some(nested);
  if (typeof member !== 'object' || member === null) return false;
  if ('when' in member && 'result' in member) return nested(member.when) || nested(member.result);
  return 'kind' in member && hasAggregate(member as Expression);
}

export function evaluate(expression: Expression, scope: Scope): ReferenceValue {
  const value = (operand: Expression): ReferenceValue => evaluate(operand, scope);
  switch (expression.kind) {
    case 'literal':
      return literal(expression);
    case 'parameter':
      return scope.parameters[(expression.key as number) - 1]!;
    case 'column':
      return lookUp(expression.table, expression.name, scope);
    case 'unary': {
      const operand = value(expression.operand);
      if (expression.operator === 'not') return not(operand);
      if (operand === null || expression.operator === '+') return operand;
      return operand.kind === 'integer' ? integer(-number(operand)) : float(-number(operand));
    }
    case 'binary':
      return binary(expression.operator, value(expression.left), value(expression.right));
    case 'logical': {
      const truths = expression.operands.map((operand) => truth(value(operand)));
      const decisive = expression.operator === 'or';
      if (truths.includes(decisive)) return boolean(decisive);
      return boolean(truths.includes(null) ? null : !decisive);
    }
    case 'is-test': {
      const operand = value(expression.operand);
      const wanted = expression.test === 'true' ? true : expression.test === 'false' ? false : null;
      const holds = wanted === null ? operand === null : truth(operand) === wanted;
      return boolean(holds !== expression.negated);
    }
    case 'is-distinct':
      return boolean(same(value(expression.left), value(expression.right)) === expression.negated);
    case 'in-list':
      return negatedIf(expression.negated, isIn(value(expression.operand), expression.list.map(value)));
    case 'in-subquery': {
      const members = scope.query(expression.query, scope).map(([member = null]) => member);
      return negatedIf(expression.negated, isIn(value(expression.operand), members));
    }
    case 'between': {
      const operand = value(expression.operand);
      const low = binary('<=', value(expression.low), operand);
      const high = binary('<=', operand, value(expression.high));
      return negatedIf(expression.negated, and(low, high));
    }
    case 'like': {
      const operand = value(expression.operand);
      const pattern = value(expression.pattern);
      if (operand?.kind !== 'text' || pattern?.kind !== 'text') return null;
      const fold = (given: string): string[] => [...(expression.caseInsensitive ? given.toLowerCase() : given)];
      return boolean(isLike(fold(operand.value), fold(pattern.value)) !== expression.negated);
    }
    case 'case': {
      const { operand, branches, otherwise } = expression;
      const taken = branches.find(({ when }) =>
        truth(operand === undefined ? value(when) : binary('=', value(operand), value(when))),
      );
      if (taken !== undefined) return value(taken.result);
      return otherwise === undefined ? null : value(otherwise);
    }
    case 'cast':
      return convert(value(expression.operand), kindOf(expression.type.name));
    case 'call':
      return AGGREGATES.has(expression.name)
        ? aggregate(expression, scope)
        : scalar(expression.name, expression.arguments.map(value));
    case 'subquery': {
      const rows = scope.query(expression.query, scope);
      if (rows.length > 1) throw new SqlFault('21000', 'a scalar subquery yields at most one row');
      return rows[0]?.[0] ?? null;
    }
    case 'exists':
      return boolean(scope.query(expression.query, scope).length > 0);
  }
}

function literal(expression: LiteralExpression): ReferenceValue {
  switch (expression.literalType) {
    case 'integer':
      return integer(Number(expression.value));
    case 'float':
      return float(expression.value);
    case 'string':
      return text(expression.value);
    case 'boolean':
      return boolean(expression.value);
    case 'null':
      return null;
    case 'bytes':
      throw new Error('the reference evaluator has no bytes');
  }
}

function lookUp(table: string | undefined, name: string, scope: Scope): ReferenceValue {
  const found = scope.row.filter((cell) => cell.column === name && (table === undefined || cell.table === table));
  if (found.length > 1) throw new SqlFault('42702', `column ${name} is ambiguous`);
  if (found.length === 1) return found[0]!.value;
  if (scope.outer === undefined) throw new SqlFault('42703', `column ${name} does not exist`);
  return lookUp(table, name, scope.outer);
}

function number(value: ReferenceValue): number {
  if (value === null || typeof value.value !== 'number') throw new SqlFault('42883', 'a number is needed');
  return value.value;
}

function not(value: ReferenceValue): ReferenceValue {
  const known = truth(value);
  return boolean(known === null ? null : !known);
}

function negatedIf(negated: boolean, value: ReferenceValue): ReferenceValue {
  return negated ? not(value) : value;
}

function and(left: ReferenceValue, right: ReferenceValue): ReferenceValue {
  const [a, b] = [truth(left), truth(right)];
  return boolean(a === false || b === false ? false : a === null || b === null ? null : true);
}

/** `x IN (a, b)` is `x = a OR x = b`. */
function isIn(value: ReferenceValue, members: readonly ReferenceValue[]): ReferenceValue {
  const truths = members.map((member) => truth(binary('=', value, member)));
  return boolean(truths.includes(true) ? true : truths.includes(null) ? null : false);
}

function isLike(subject: readonly string[], pattern: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return subject.length === 0;
  if (first === '%') return isLike(subject, rest) || (subject.length > 0 && isLike(subject.slice(1), pattern));
  return subject.length > 0 && (first === '_' || first === subject[0]) && isLike(subject.slice(1), rest);
}

function binary(operator: string, left: ReferenceValue, right: ReferenceValue): ReferenceValue {
  if (left === null || right === null) return null;
  if (operator === '||') return text(String(left.value) + String(right.value));
  if (['+', '-', '*', '/', '%'].includes(operator)) {
    const result = arithmetic(
      operator,
      number(left),
      number(right),
      left.kind === 'integer' && right.kind === 'integer',
    );
    return left.kind === 'integer' && right.kind === 'integer' ? integer(result) : float(result);
  }
  const order = compare(left, right)!;
  switch (operator) {
    case '=':
      return boolean(order === 0);
    case '<>':
      return boolean(order !== 0);
    case '<':
      return boolean(order < 0);
    case '<=':
      return boolean(order <= 0);
    case '>':
      return boolean(order > 0);
    default:
      return boolean(order >= 0);
  }
}

function arithmetic(operator: string, left: number, right: number, truncating: boolean): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    default:
      if (right === 0) throw new SqlFault('22012', 'division by zero');
      if (operator === '%') return left % right;
      return truncating ? Math.trunc(left / right) : left / right;
  }
}

function scalar(name: string, given: readonly ReferenceValue[]): ReferenceValue {
  const [first = null, second = null] = given;
  if (name === 'coalesce') return given.find((value) => value !== null) ?? null;
  if (name === 'nullif') return first !== null && second !== null && compare(first, second) === 0 ? null : first;
  if (first === null) return null;
  switch (name) {
    case 'abs':
      return first.kind === 'integer' ? integer(Math.abs(number(first))) : float(Math.abs(number(first)));
    case 'lower':
      return text((first.value as string).toLowerCase());
    case 'upper':
      return text((first.value as string).toUpperCase());
    case 'length':
      return integer([...(first.value as string)].length);
    default:
      throw new SqlFault('42883', `function ${name} does not exist`);
  }
}

function aggregate(call: Extract<Expression, { kind: 'call' }>, scope: Scope): ReferenceValue {
  if (scope.group === undefined) throw new SqlFault('42803', `${call.name} is not allowed here`);
  if (call.star) return integer(scope.group.length);
  const all = scope.group.map((row) => evaluate(call.arguments[0]!, { ...scope, row, group: undefined }));
  const known = all.filter((value) => value !== null);
  const values = call.distinct
    ? known.filter((value, index) => known.findIndex((other) => same(other, value)) === index)
    : known;
  if (call.name === 'count') return integer(values.length);
  if (values.length === 0) return null;
  const sum = values.reduce((total, value) => total + (typeof value.value === 'number' ? value.value : 0), 0);
  switch (call.name) {
    case 'sum':
      return values[0]!.kind === 'integer' ? integer(sum) : float(sum);
    case 'avg':
      return float(sum / values.length);
    case 'min':
      return values.reduce((least, value) => (compare(value, least)! < 0 ? value : least));
    default:
      return values.reduce((greatest, value) => (compare(value, greatest)! > 0 ? value : greatest));
  }
}
