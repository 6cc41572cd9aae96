/**
 * Values of the reference evaluator: tagged, so that an integer 2 and a float 2 divide differently. Written from the SQL
 * standard's text rather than from the engine: nothing here is shared with `src/sql/values`.
 */

export type ReferenceKind = 'integer' | 'float' | 'text' | 'boolean';

export type ReferenceValue =
  | { readonly kind: 'integer' | 'float'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | null;

/** An error that SQL demands. */
export class SqlFault extends Error {
  override readonly name = 'SqlFault';

  constructor(
    readonly sqlState: string,
    message: string,
  ) {
    super(message);
  }
}

export function integer(value: number): ReferenceValue {
  if (!Number.isSafeInteger(value)) throw new SqlFault('22003', `integer out of range: ${value}`);
  return { kind: 'integer', value: value + 0 };
}

export function float(value: number): ReferenceValue {
  return { kind: 'float', value: value + 0 };
}

export function text(value: string): ReferenceValue {
  return { kind: 'text', value };
}

export function boolean(value: boolean | null): ReferenceValue {
  return value === null ? null : { kind: 'boolean', value };
}

/** A value as the API shows it. */
export function plain(value: ReferenceValue): number | string | boolean | null {
  return value === null ? null : value.value;
}

/** TRUE, FALSE or NULL of a condition. */
export function truth(value: ReferenceValue): boolean | null {
  if (value === null) return null;
  if (value.kind !== 'boolean') throw new SqlFault('42804', 'a condition must be boolean');
  return value.value;
}

/** Negative, zero or positive; null when either side is NULL. Text by code point. */
export function compare(left: ReferenceValue, right: ReferenceValue): number | null {
  if (left === null || right === null) return null;
  if (left.kind === 'text' && right.kind === 'text') {
    const a = Array.from(left.value, (character) => character.codePointAt(0)!);
    const b = Array.from(right.value, (character) => character.codePointAt(0)!);
    for (const [index, point] of a.entries()) {
      if (index >= b.length) return 1;
      if (point !== b[index]) return point - b[index]!;
    }
    return a.length - b.length;
  }
  const numeric = (value: ReferenceValue): boolean => value?.kind === 'integer' || value?.kind === 'float';
  if (left.kind === right.kind || (numeric(left) && numeric(right))) return Number(left.value) - Number(right.value);
  throw new SqlFault('42883', `no comparison of ${left.kind} and ${right.kind}`);
}

/** IS NOT DISTINCT FROM: NULLs are the same. */
export function same(left: ReferenceValue, right: ReferenceValue): boolean {
  return left === null || right === null ? left === right : compare(left, right) === 0;
}

export function sameRow(left: readonly ReferenceValue[], right: readonly ReferenceValue[]): boolean {
  return left.length === right.length && left.every((value, index) => same(value, right[index]!));
}

/** A value stored in a column of some kind, or converted by CAST. */
export function convert(value: ReferenceValue, kind: ReferenceKind): ReferenceValue {
  if (value === null || value.kind === kind) return value;
  if (kind === 'text') return text(String(value.value));
  if (kind === 'float' && value.kind === 'integer') return float(value.value);
  if (kind === 'integer' && value.kind === 'boolean') return integer(value.value ? 1 : 0);
  if (kind === 'integer' && value.kind === 'float') {
    return integer(Math.sign(value.value) * Math.floor(Math.abs(value.value) + 0.5));
  }
  throw new SqlFault('42846', `no cast of ${value.kind} to ${kind}`);
}

/** The kind of a SQL type name; only those that the reference knows. */
export function kindOf(typeName: string): ReferenceKind {
  if (['integer', 'int', 'bigint', 'smallint'].includes(typeName)) return 'integer';
  if (['double precision', 'float8'].includes(typeName)) return 'float';
  if (['text', 'varchar'].includes(typeName)) return 'text';
  if (['boolean', 'bool'].includes(typeName)) return 'boolean';
  throw new Error(`the reference evaluator has no type ${typeName}`);
}
