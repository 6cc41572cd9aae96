/**
 * How a table is read: which index, and which part of it. Conditions on the leading columns of an index become exact
 * keys and a range; what they say is then known of every row and need not be tested again.
 *
 * There are no statistics yet: costs are those of the shape alone (how many leading columns are fixed, whether rows have
 * to be fetched one by one, whether a sort is saved).
 */

import type { BoundExpression, Slot } from '../binder/bound-expression.js';
import { constant } from '../binder/coercion.js';
import { usedSlots } from '../binder/expression-traversal.js';
import type { Index, IndexedColumn } from '../catalog/table.js';
import { BOOLEAN } from '../values/index.js';
import type { ScanNode, SortKey } from './logical-plan.js';

export interface KeyValue {
  /** Reads no column of the table. */
  readonly expression: BoundExpression;
  /** IS NULL: null is a value like any other; otherwise a null finds nothing. */
  readonly matchesNull: boolean;
}

export interface KeyBound {
  readonly expression: BoundExpression;
  readonly inclusive: boolean;
}

export interface AccessPath {
  readonly index: Index;
  /** For each leading column of the index, the values it may have: several for IN. */
  readonly prefix: readonly (readonly KeyValue[])[];
  /** Of the column after the prefix. */
  readonly lower: KeyBound | undefined;
  readonly upper: KeyBound | undefined;
  readonly reverse: boolean;
}

export interface ChosenAccess {
  readonly path: AccessPath;
  /** Conditions that the path does not already guarantee. */
  readonly filter: readonly BoundExpression[];
  /** True when rows come in the order that was wanted. */
  readonly ordered: boolean;
}

export interface AccessWish {
  /** The order the rows should best come in; empty: any. */
  readonly order: readonly SortKey[];
  /** True when only the first rows will be read. */
  readonly limited: boolean;
}

/** True when at most one row can match each combination of prefix values. */
export function isPoint({ index, prefix }: AccessPath): boolean {
  return index.unique && prefix.length === index.columns.length && prefix.every((values) => !values.some(maybeNull));
}

function maybeNull({ matchesNull }: KeyValue): boolean {
  return matchesNull;
}

/** The cheapest way to read `scan` under its conditions. */
export function chooseAccess(scan: ScanNode, wish: AccessWish): ChosenAccess {
  const { table } = scan;
  const candidates = [table.primaryKey, ...table.indexes].map((index) => candidateFor(scan, index, wish));
  return candidates.reduce((best, candidate) => (candidate.cost < best.cost ? candidate : best));
}

interface Candidate extends ChosenAccess {
  readonly cost: number;
}

function candidateFor(scan: ScanNode, index: Index, wish: AccessWish): Candidate {
  const used = new Set<BoundExpression>();
  const prefix: (readonly KeyValue[])[] = [];
  for (const indexed of index.columns) {
    const found = findValues(scan, indexed);
    if (found === undefined) break;
    used.add(found.condition);
    prefix.push(found.values);
  }
  const next = index.columns[prefix.length];
  const lower = next && findBound(scan, next, '>');
  const upper = next && findBound(scan, next, '<');
  for (const bound of [lower, upper]) if (bound !== undefined) used.add(bound.condition);
  const path = { index, prefix, lower: lower?.bound, upper: upper?.bound, reverse: false };
  const filter = scan.conditions.filter((condition) => !used.has(condition));
  const reverse = orderDirection(scan, path, wish.order);
  const ordered = reverse !== undefined;
  const cost = costOf(scan, path) * orderFactor(wish, ordered);
  return { path: { ...path, reverse: reverse ?? false }, filter, ordered, cost };
}

/** Rows of a table about which nothing is known. */
const ASSUMED_ROWS = 10_000;
/** Share of the rows that has one given value in a column of an index that is not unique. */
const EQUALITY_SHARE = 0.01;
/** Share of the rows that lies beyond one bound. Low enough that a range of an index is worth fetching its rows one by one. */
const RANGE_SHARE = 0.2;
/** Fetching a row by its key against meeting it in a scan. */
const FETCH_FACTOR = 4;

function costOf(scan: ScanNode, path: AccessPath): number {
  const combinations = path.prefix.reduce((product, values) => product * values.length, 1);
  if (isPoint(path)) return combinations;
  const bounds = Number(path.lower !== undefined) + Number(path.upper !== undefined);
  const share = EQUALITY_SHARE ** path.prefix.length * combinations * RANGE_SHARE ** bounds;
  const fetch = path.index === scan.table.primaryKey ? 1 : FETCH_FACTOR;
  return 1 + ASSUMED_ROWS * Math.min(share, 1) * fetch;
}

/** Rows that come in order save a sort, and most of the reading when only the first are wanted. */
function orderFactor({ order, limited }: AccessWish, ordered: boolean): number {
  if (order.length === 0 || !ordered) return 1;
  return limited ? 0.02 : 0.5;
}

interface FoundValues {
  readonly condition: BoundExpression;
  readonly values: readonly KeyValue[];
}

/** A condition that fixes the column to some values. */
function findValues(scan: ScanNode, { column }: IndexedColumn): FoundValues | undefined {
  const slot = scan.slots[column.position]!;
  const own = new Set(scan.slots);
  for (const condition of scan.conditions) {
    const values = valuesIn(condition, slot, own);
    if (values !== undefined) return { condition, values };
  }
  return undefined;
}

function valuesIn(condition: BoundExpression, slot: Slot, own: ReadonlySet<Slot>): readonly KeyValue[] | undefined {
  const isColumn = (expression: BoundExpression): boolean => expression.kind === 'slot' && expression.slot === slot;
  const value = (expression: BoundExpression): KeyValue => ({ expression, matchesNull: false });
  switch (condition.kind) {
    case 'binary': {
      const other = condition.operator === '=' ? otherSide(condition, slot, own) : undefined;
      return other && [value(other)];
    }
    case 'in-list':
      if (condition.negated || !isColumn(condition.operand)) return undefined;
      return condition.list.every((member) => isFree(member, own)) ? condition.list.map(value) : undefined;
    case 'is-test':
      if (condition.negated || condition.test !== 'null' || !isColumn(condition.operand)) return undefined;
      return [{ expression: constant(null, condition.operand.type), matchesNull: true }];
    case 'slot':
      return isColumn(condition) ? [value(constant(true, BOOLEAN))] : undefined;
    case 'unary':
      return isColumn(condition.operand) ? [value(constant(false, BOOLEAN))] : undefined;
    default:
      return undefined;
  }
}

/** What the column is compared with, when that reads nothing of the table. */
function otherSide(
  { left, right }: Extract<BoundExpression, { kind: 'binary' }>,
  slot: Slot,
  own: ReadonlySet<Slot>,
): BoundExpression | undefined {
  if (left.kind === 'slot' && left.slot === slot && isFree(right, own)) return right;
  if (right.kind === 'slot' && right.slot === slot && isFree(left, own)) return left;
  return undefined;
}

function isFree(expression: BoundExpression, own: ReadonlySet<Slot>): boolean {
  for (const slot of usedSlots(expression)) if (own.has(slot)) return false;
  return true;
}

const MIRRORED = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' } as const;

/** A condition that bounds the column from below (`>`) or above (`<`). */
function findBound(
  scan: ScanNode,
  { column }: IndexedColumn,
  side: '<' | '>',
): { readonly condition: BoundExpression; readonly bound: KeyBound } | undefined {
  const slot = scan.slots[column.position]!;
  const own = new Set(scan.slots);
  for (const condition of scan.conditions) {
    if (condition.kind !== 'binary') continue;
    const { operator, left } = condition;
    if (operator !== '<' && operator !== '<=' && operator !== '>' && operator !== '>=') continue;
    const other = otherSide(condition, slot, own);
    if (other === undefined) continue;
    const written = left === other ? MIRRORED[operator] : operator;
    if (!written.startsWith(side)) continue;
    return { condition, bound: { expression: other, inclusive: written.length === 2 } };
  }
  return undefined;
}

/** False or true for the direction in which the path yields `order`; undefined when neither does. */
function orderDirection(scan: ScanNode, path: AccessPath, order: readonly SortKey[]): boolean | undefined {
  if (order.length === 0) return undefined;
  return [false, true].find((reverse) => yieldsOrder(scan, path, order, reverse));
}

function yieldsOrder(scan: ScanNode, path: AccessPath, order: readonly SortKey[], reverse: boolean): boolean {
  const { index } = path;
  const columns = index.unique ? index.columns : [...index.columns, ...scan.table.primaryKey.columns];
  const fixed = new Set<Slot>();
  path.prefix.forEach((values, i) => {
    if (values.length === 1) fixed.add(scan.slots[index.columns[i]!.column.position]!);
  });
  let at = 0;
  const skipFixed = (): void => {
    while (at < columns.length && fixed.has(scan.slots[columns[at]!.column.position]!)) at++;
  };
  for (const key of order) {
    if (fixed.has(key.slot)) continue;
    skipFixed();
    const next = columns[at];
    if (next === undefined) return isTotal(index);
    const bounded = at === path.prefix.length && (path.lower !== undefined || path.upper !== undefined);
    if (scan.slots[next.column.position] !== key.slot || !sameDirection(next, key, reverse, bounded)) return false;
    at++;
  }
  return true;
}

/** True when no two rows are equal in all columns of the order, so that nothing is left to sort. */
function isTotal(index: Index): boolean {
  return !index.unique || index.columns.every(({ column }) => !column.nullable);
}

/** Nulls are the smallest of all in keys, so they come first exactly when the keys ascend. */
function sameDirection(indexed: IndexedColumn, key: SortKey, reverse: boolean, bounded: boolean): boolean {
  const descending = indexed.descending !== reverse;
  if (descending !== key.descending) return false;
  const hasNulls = key.nullable && indexed.column.nullable && !bounded;
  return !hasNulls || key.nullsFirst === !descending;
}
