/**
 * Random expressions that mean something: every operand has the type it should have, numbers stay small, divisors are not
 * zero, and floats are multiples of a power of two, so that sums do not depend on their order.
 */

import fc from 'fast-check';
import * as ast from '../../../src/sql/ast/index.js';
import type { ReferenceKind } from './reference-value.js';

export interface TypedColumn {
  /** The alias by which the table is known. */
  readonly table: string;
  readonly name: string;
  readonly kind: ReferenceKind;
}

export type TypedExpressions = Readonly<Record<ReferenceKind, fc.Arbitrary<ast.Expression>>>;

export const TYPE_NAMES: Readonly<Record<ReferenceKind, string>> = {
  integer: 'integer',
  float: 'double precision',
  text: 'text',
  boolean: 'boolean',
};

const LITERALS: TypedExpressions = {
  integer: fc.integer({ min: -9, max: 9 }).map((value) => ast.integerLiteral(value)),
  float: fc.integer({ min: -20, max: 20 }).map((value) => ast.floatLiteral(value / 4)),
  text: fc.constantFrom('', 'a', 'b', 'ab', 'B', 'é', '😀').map((value) => ast.stringLiteral(value)),
  boolean: fc.boolean().map((value) => ast.booleanLiteral(value)),
};

/** A random stored value. */
export function literalOf(kind: ReferenceKind, nullable: boolean): fc.Arbitrary<ast.Expression> {
  if (!nullable) return LITERALS[kind];
  return fc.oneof({ weight: 4, arbitrary: LITERALS[kind] }, { weight: 1, arbitrary: fc.constant(ast.nullLiteral()) });
}

const pattern = fc
  .array(fc.constantFrom('a', 'b', 'B', '😀', '%', '_'), { maxLength: 4 })
  .map((characters) => ast.stringLiteral(characters.join('')));

const comparison = fc.constantFrom<ast.ComparisonOperator>('=', '<>', '<', '<=', '>', '>=');

/** Expressions of each type over the given columns. */
export function typedExpressions(columns: readonly TypedColumn[]): TypedExpressions {
  return fc.letrec<Record<ReferenceKind, ast.Expression>>(
    (tie: fc.LetrecTypedTie<Record<ReferenceKind, ast.Expression>>) => {
      const [integer, float, text, boolean] = [tie('integer'), tie('float'), tie('text'), tie('boolean')];
      const anyPair = fc.oneof(
        fc.tuple(integer, integer),
        fc.tuple(integer, float),
        fc.tuple(float, float),
        fc.tuple(text, text),
        fc.tuple(boolean, boolean),
      );
      const choose = (kind: ReferenceKind, more: fc.Arbitrary<ast.Expression>[]): fc.Arbitrary<ast.Expression> =>
        fc.oneof({ maxDepth: 3, depthIdentifier: 'typed' }, leaf(kind, columns), ...more, ...generic(kind, tie));
      return {
        integer: choose('integer', [
          fc.tuple(fc.constantFrom('+', '-', '*'), integer, integer).map(([o, l, r]) => ast.binary(o, l, r)),
          fc
            .tuple(fc.constantFrom('/', '%'), integer, fc.constantFrom(-3, 2, 7))
            .map(([o, l, r]) => ast.binary(o, l, ast.integerLiteral(r))),
          integer.map((operand) => ast.unary('-', operand)),
          integer.map((operand) => ast.call('abs', [operand])),
          text.map((operand) => ast.call('length', [operand])),
          boolean.map((operand) => ast.cast(operand, ast.typeName('integer'))),
        ]),
        float: choose('float', [
          fc.tuple(fc.constantFrom('+', '-', '*'), float, float).map(([o, l, r]) => ast.binary(o, l, r)),
          fc.tuple(fc.constantFrom('+', '-'), integer, float).map(([o, l, r]) => ast.binary(o, l, r)),
          fc.tuple(float, fc.constantFrom(2, -4)).map(([l, r]) => ast.binary('/', l, ast.integerLiteral(r))),
          integer.map((operand) => ast.cast(operand, ast.typeName('double precision'))),
        ]),
        text: choose('text', [
          fc.tuple(text, text).map(([l, r]) => ast.binary('||', l, r)),
          fc.tuple(fc.constantFrom('lower', 'upper'), text).map(([name, operand]) => ast.call(name, [operand])),
          integer.map((operand) => ast.cast(operand, ast.typeName('text'))),
        ]),
        boolean: choose('boolean', [
          fc.tuple(comparison, anyPair).map(([operator, [l, r]]) => ast.binary(operator, l, r)),
          fc.tuple(anyPair, fc.boolean()).map(([[l, r], negated]) => ast.isDistinct(l, r, negated)),
          fc
            .tuple(fc.constantFrom('and', 'or'), fc.array(boolean, { minLength: 2, maxLength: 3 }))
            .map(([operator, operands]) => ast.logical(operator, operands)),
          boolean.map((operand) => ast.not(operand)),
          fc
            .tuple(fc.oneof(integer, text, boolean), fc.boolean())
            .map(([operand, negated]) => ast.isTest(operand, 'null', negated)),
          fc
            .tuple(boolean, fc.constantFrom('true', 'false', 'unknown'), fc.boolean())
            .map(([operand, test, negated]) => ast.isTest(operand, test, negated)),
          fc
            .tuple(integer, fc.array(integer, { minLength: 1, maxLength: 3 }), fc.boolean())
            .map(([operand, list, negated]) => ast.inList(operand, list, negated)),
          fc
            .tuple(fc.oneof(fc.tuple(integer, integer, float), fc.tuple(text, text, text)), fc.boolean())
            .map(([[operand, low, high], negated]) => ast.between(operand, { low, high }, negated)),
          fc
            .tuple(text, pattern, fc.record({ caseInsensitive: fc.boolean(), negated: fc.boolean() }))
            .map(([operand, like, options]) => ast.like(operand, like, options)),
        ]),
      };
    },
  );
}

function leaf(kind: ReferenceKind, columns: readonly TypedColumn[]): fc.Arbitrary<ast.Expression> {
  const own = columns.filter((column) => column.kind === kind).map(({ name, table }) => ast.column(name, table));
  if (own.length === 0) return LITERALS[kind];
  return fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...own) }, { weight: 1, arbitrary: LITERALS[kind] });
}

/** Forms that exist for every type. */
function generic(
  kind: ReferenceKind,
  tie: fc.LetrecTypedTie<Record<ReferenceKind, ast.Expression>>,
): fc.Arbitrary<ast.Expression>[] {
  const [own, condition] = [tie(kind), tie('boolean')];
  return [
    fc
      .tuple(condition, own, fc.option(own, { nil: undefined }))
      .map(([when, result, otherwise]) => ast.caseExpression({ branches: [{ when, result }], otherwise })),
    fc.tuple(own, own).map(([l, r]) => ast.call('coalesce', [l, r])),
    fc.tuple(own, own).map(([l, r]) => ast.call('nullif', [l, r])),
    fc.constant(ast.cast(ast.nullLiteral(), ast.typeName(TYPE_NAMES[kind]))),
  ];
}
