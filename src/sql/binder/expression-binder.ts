/** From expression nodes to bound expressions: names to slots, types settled, casts made explicit. */

import { SqlSemanticError } from '../../base/index.js';
import type {
  BetweenExpression,
  BinaryExpression,
  BinaryOperator,
  CallExpression,
  CaseExpression,
  Expression,
  InListExpression,
  InSubqueryExpression,
  LikeExpression,
  LiteralExpression,
  LogicalExpression,
  SourceSpan,
  UnaryExpression,
} from '../ast/index.js';
import * as sqlTypes from '../values/index.js';
import {
  BOOLEAN,
  binaryRule,
  fitInteger,
  isAggregate,
  isComparable,
  resolveFunction,
  resolveType,
  type SqlType,
  TEXT,
  typeText,
  UNKNOWN,
  unaryRule,
} from '../values/index.js';
import { type BoundExpression, BoundParameter, type BoundSlot, type BoundSubquery } from './bound-expression.js';
import { coerce, constant, meetingType, tryCoerce, unbounded } from './coercion.js';
import type { Scope } from './scope.js';
import type { StatementContext } from './statement-context.js';

/** Takes in an aggregate call and says in which slot its result will be. */
export interface AggregateCollector {
  collect(call: CallExpression): BoundSlot;
}

export interface ExpressionPlace {
  /** For messages: `WHERE`. */
  readonly clause: string;
  /** Absent: aggregates are not allowed here. */
  readonly aggregates?: AggregateCollector | undefined;
}

export class ExpressionBinder {
  readonly #context: StatementContext;
  readonly #scope: Scope;
  readonly #place: ExpressionPlace;

  constructor(context: StatementContext, scope: Scope, place: ExpressionPlace) {
    this.#context = context;
    this.#scope = scope;
    this.#place = place;
  }

  bind(expression: Expression): BoundExpression {
    switch (expression.kind) {
      case 'literal':
        return bindLiteral(expression);
      case 'parameter':
        return new BoundParameter(this.#context.parameters.get(expression.key, this.#context.newSlot));
      case 'column': {
        const slot = this.#scope.resolve(expression);
        return expression.span === undefined ? slot : { ...slot, span: expression.span };
      }
      case 'unary':
        return this.#unary(expression);
      case 'binary':
        return this.#binary(expression);
      case 'logical':
        return this.#logical(expression);
      case 'is-test': {
        const { operand, test, negated, span } = expression;
        const bound = test === 'null' ? this.bind(operand) : this.#boolean(operand, `operand of IS ${test}`, span);
        return { kind: 'is-test', type: BOOLEAN, operand: bound, test, negated };
      }
      case 'is-distinct': {
        const { left, right, negated, span } = expression;
        const [operands, operandType] = this.#comparable([left, right], 'IS DISTINCT FROM', span);
        return { kind: 'is-distinct', type: BOOLEAN, operandType, left: operands[0]!, right: operands[1]!, negated };
      }
      case 'in-list':
        return this.#inList(expression);
      case 'between':
        return this.#between(expression);
      case 'like':
        return this.#like(expression);
      case 'case':
        return this.#case(expression);
      case 'cast': {
        const { operand, span } = expression;
        const type = resolveType(expression.type);
        const place = { what: `operand of CAST AS ${typeText(type)}`, context: 'explicit', span } as const;
        return coerce(this.bind(operand), type, place);
      }
      case 'call':
        return this.#call(expression);
      case 'subquery':
      case 'exists':
        return this.#subquery(expression.kind === 'exists' ? 'exists' : 'scalar', expression);
      case 'in-subquery':
        return this.#inSubquery(expression);
    }
  }

  /** A condition: WHERE, ON, HAVING. */
  condition(expression: Expression): BoundExpression {
    return this.#boolean(expression, `argument of ${this.#place.clause}`);
  }

  #boolean(expression: Expression, what: string, span?: SourceSpan): BoundExpression {
    return coerce(this.bind(expression), BOOLEAN, { what, span: span ?? expression.span });
  }

  #unary(expression: UnaryExpression): BoundExpression {
    const { operator, operand, span } = expression;
    const negative = operator === '-' ? negativeLiteral(operand, span) : undefined;
    if (negative !== undefined) return negative;
    const bound = this.bind(operand);
    const rule = unaryRule(operator, bound.type);
    const argument = rule && tryCoerce(bound, rule.operand);
    if (rule === undefined || argument === undefined) throw noOperator(operator, [bound.type], span);
    return { kind: 'unary', operator, type: rule.result, operand: argument, evaluate: rule.evaluate };
  }

  #binary({ operator, left, right, span }: BinaryExpression): BoundExpression {
    return combine(operator, [this.bind(left), this.bind(right)], span);
  }

  #logical({ operator, operands }: LogicalExpression): BoundExpression {
    const bound = operands.map((operand) => this.#boolean(operand, `argument of ${operator.toUpperCase()}`));
    return { kind: 'logical', operator, type: BOOLEAN, operands: bound };
  }

  #comparable(
    expressions: readonly Expression[],
    what: string,
    span: SourceSpan | undefined,
  ): [operands: BoundExpression[], type: SqlType] {
    const bound = expressions.map((expression) => this.bind(expression));
    return comparableOperands(bound, what, span);
  }

  #inList({ operand, list, negated, span }: InListExpression): BoundExpression {
    const [[first, ...rest], operandType] = this.#comparable([operand, ...list], 'IN', span);
    return { kind: 'in-list', type: BOOLEAN, operandType, operand: first!, list: rest, negated };
  }

  /** As two comparisons: the planner then sees bounds like any others, and expressions have no side effects. */
  #between({ operand, low, high, negated, span }: BetweenExpression): BoundExpression {
    const bound = this.bind(operand);
    const lower = combine(negated ? '<' : '>=', [bound, this.bind(low)], span);
    const upper = combine(negated ? '>' : '<=', [bound, this.bind(high)], span);
    return { kind: 'logical', operator: negated ? 'or' : 'and', type: BOOLEAN, operands: [lower, upper] };
  }

  #like({ operand, pattern, escape, caseInsensitive, negated, span }: LikeExpression): BoundExpression {
    const text = (expression: Expression, what: string): BoundExpression =>
      coerce(this.bind(expression), TEXT, { what: `${what} of LIKE`, span });
    return {
      kind: 'like',
      type: BOOLEAN,
      operand: text(operand, 'operand'),
      pattern: text(pattern, 'pattern'),
      escape: escape === undefined ? undefined : text(escape, 'escape'),
      caseInsensitive,
      negated,
    };
  }

  #case({ operand, branches, otherwise, span }: CaseExpression): BoundExpression {
    const results = branches.map(({ result }) => this.bind(result));
    if (otherwise !== undefined) results.push(this.bind(otherwise));
    const found = meetingType(results, { what: 'CASE', span });
    const type = found.name === 'unknown' ? TEXT : found;
    const typed = results.map((result) => coerce(result, type, { what: 'result of CASE', span }));
    const { subject, operandType, whens } = this.#caseConditions(operand, branches, span);
    return {
      kind: 'case',
      type,
      operand: subject,
      operandType,
      branches: branches.map((_, i) => ({ when: whens[i]!, result: typed[i]! })),
      otherwise: otherwise === undefined ? constant(null, type) : typed[typed.length - 1]!,
    };
  }

  #caseConditions(
    operand: Expression | undefined,
    branches: CaseExpression['branches'],
    span: SourceSpan | undefined,
  ): { subject: BoundExpression | undefined; operandType: SqlType; whens: BoundExpression[] } {
    if (operand === undefined) {
      const whens = branches.map(({ when }) => this.#boolean(when, 'argument of WHEN'));
      return { subject: undefined, operandType: BOOLEAN, whens };
    }
    const all = [operand, ...branches.map(({ when }) => when)];
    const [[subject, ...whens], operandType] = this.#comparable(all, 'CASE', span);
    return { subject, operandType, whens };
  }

  #call(expression: CallExpression): BoundExpression {
    const { name, span } = expression;
    if (isAggregate(name)) return this.#aggregate(expression);
    if (expression.star || expression.distinct) {
      throw new SqlSemanticError(`${name} is not an aggregate: it takes neither * nor DISTINCT`, {
        sqlState: '42809',
        facts: { function: name, ...span },
      });
    }
    const bound = expression.arguments.map((argument) => this.bind(argument));
    const types = bound.map(({ type }) => type);
    const call = resolveFunction(name, types, span);
    const typed = bound.map((argument, i) =>
      coerce(argument, call.parameters[i]!, { what: `argument ${i + 1} of ${name}`, span }),
    );
    return { kind: 'call', name, type: call.result, arguments: typed, call };
  }

  #aggregate(expression: CallExpression): BoundExpression {
    const { aggregates, clause } = this.#place;
    if (aggregates !== undefined) return aggregates.collect(expression);
    throw new SqlSemanticError(`aggregate ${expression.name} is not allowed in ${clause}`, {
      sqlState: '42803',
      facts: { function: expression.name, clause, ...expression.span },
    });
  }

  #subquery(form: 'scalar' | 'exists', node: Extract<Expression, { kind: 'subquery' | 'exists' }>): BoundExpression {
    const query = this.#context.bindQuery(this.#context, node.query, this.#scope);
    if (form === 'scalar') checkColumnCount(query.outputs.length, node.span);
    const type = form === 'exists' ? BOOLEAN : query.outputs[0]!.type;
    const subquery: BoundSubquery = {
      kind: 'subquery',
      form,
      type,
      operandType: type,
      operand: undefined,
      negated: false,
      query,
    };
    return subquery;
  }

  #inSubquery({ operand, query: select, negated, span }: InSubqueryExpression): BoundExpression {
    const query = this.#context.bindQuery(this.#context, select, this.#scope);
    checkColumnCount(query.outputs.length, span);
    const { type, slot, nullable, name: label } = query.outputs[0]!;
    const column: BoundSlot = { kind: 'slot', type, slot, nullable, label };
    const [[subject, converted], operandType] = comparableOperands([this.bind(operand), column], 'IN', span);
    if (converted !== column) {
      throw new SqlSemanticError(
        `IN (SELECT …): ${typeText(type)} must be cast to ${typeText(operandType)} inside the subquery`,
        { sqlState: '0A000', facts: { found: typeText(type), expected: typeText(operandType), ...span } },
      );
    }
    return { kind: 'subquery', form: 'in', type: BOOLEAN, operandType, operand: subject, negated, query };
  }
}

/** `left operator right` with the casts it needs. Throws 42883 when the operator does not exist for the types. */
export function combine(
  operator: BinaryOperator,
  [left, right]: readonly [BoundExpression, BoundExpression],
  span: SourceSpan | undefined,
): BoundExpression {
  const rule = binaryRule(operator, left.type, right.type);
  // || takes anything on one side, as its text: not every such cast is implicit elsewhere.
  const context = operator === '||' ? 'assignment' : 'implicit';
  const castLeft = rule && tryCoerce(left, unbounded(rule.left), context);
  const castRight = rule && tryCoerce(right, unbounded(rule.right), context);
  if (rule === undefined || castLeft === undefined || castRight === undefined) {
    throw noOperator(operator, [left.type, right.type], span);
  }
  const { result: type, left: operandType, evaluate } = rule;
  return { kind: 'binary', operator, type, operandType, left: castLeft, right: castRight, evaluate };
}

function comparableOperands(
  bound: readonly BoundExpression[],
  what: string,
  span: SourceSpan | undefined,
): [operands: BoundExpression[], type: SqlType] {
  const found = meetingType(bound, { what, span });
  const type = found.name === 'unknown' ? TEXT : found;
  if (!isComparable(type)) throw noOperator('=', [type, type], span);
  return [bound.map((operand) => coerce(operand, type, { what: `operand of ${what}`, span })), type];
}

function noOperator(operator: string, types: readonly SqlType[], span: SourceSpan | undefined): SqlSemanticError {
  const found = types.map(typeText);
  const written = found.length === 1 ? `${operator} ${found[0]}` : `${found[0]} ${operator} ${found[1]}`;
  return new SqlSemanticError(`operator does not exist: ${written}`, {
    sqlState: '42883',
    facts: { operator, types: found, ...span },
  });
}

function checkColumnCount(found: number, span: SourceSpan | undefined): void {
  if (found === 1) return;
  throw new SqlSemanticError(`a subquery in an expression yields one column, not ${found}`, {
    sqlState: '42601',
    facts: { found, ...span },
  });
}

function bindLiteral(literal: LiteralExpression): BoundExpression {
  switch (literal.literalType) {
    case 'integer':
      return integerConstant(literal.value, literal.span);
    case 'float':
      return constant(literal.value, sqlTypes.DOUBLE, literal.span);
    case 'string':
      return constant(literal.value, UNKNOWN, literal.span);
    case 'boolean':
      return constant(literal.value, BOOLEAN, literal.span);
    case 'bytes':
      return constant(literal.value, sqlTypes.BYTEA, literal.span);
    case 'null':
      return constant(null, UNKNOWN, literal.span);
  }
}

const INTEGER_MAX = 2 ** 31 - 1;
const BIGINT_MAX = 2n ** 63n - 1n;

/** INTEGER or BIGINT, whichever holds it. Throws `SqlSemanticError` 22003 beyond both. */
function integerConstant(value: number | bigint, span: SourceSpan | undefined): BoundExpression {
  if (value <= INTEGER_MAX && value >= -INTEGER_MAX - 1) return constant(Number(value) + 0, sqlTypes.INTEGER, span);
  if (value <= BIGINT_MAX && value >= -BIGINT_MAX - 1n) {
    return constant(fitInteger(value, 'bigint'), sqlTypes.BIGINT, span);
  }
  throw new SqlSemanticError(
    'integer literal out of range of bigint; written with an exponent (1e19) it is a double precision',
    { sqlState: '22003', facts: { type: 'bigint', found: value, ...span } },
  );
}

/** `-9223372036854775808` is a BIGINT although its digits alone are not. */
function negativeLiteral(operand: Expression, span: SourceSpan | undefined): BoundExpression | undefined {
  if (operand.kind !== 'literal') return undefined;
  if (operand.literalType === 'integer') return integerConstant(-operand.value, operand.span ?? span);
  return operand.literalType === 'float' ? constant(-operand.value + 0, sqlTypes.DOUBLE) : undefined;
}
