/**
 * Bound expressions to closures over the frame: done once per statement, so that no tree is walked per row. One closure
 * per node; ones of their own for a column against a constant were measured and gained nothing (10–15 ns either way for
 * `a < 5 AND b = 'x'`).
 */

import type {
  BoundBinary,
  BoundCall,
  BoundCase,
  BoundExpression,
  BoundInList,
  BoundLike,
  BoundSubquery,
} from '../binder/bound-expression.js';
import { type Datum, equalityOf, identityKeyOf, likeMatcher, type SqlValue } from '../values/index.js';
import { contextOf, type Evaluate, type Test } from './frame.js';

/** Makes the closure of a subquery; given by whoever knows how to run queries. */
export type CompileSubquery = (subquery: BoundSubquery) => Evaluate;

export class ExpressionCompiler {
  readonly #compileSubquery: CompileSubquery;

  constructor(compileSubquery: CompileSubquery) {
    this.#compileSubquery = compileSubquery;
  }

  compile(expression: BoundExpression): Evaluate {
    switch (expression.kind) {
      case 'constant': {
        const { value } = expression;
        return () => value;
      }
      case 'parameter':
      case 'slot': {
        const { slot } = expression;
        return (frame) => frame[slot] as SqlValue;
      }
      case 'unary':
        return this.#strict(expression.operand, expression.evaluate);
      case 'cast':
        return this.#strict(expression.operand, expression.cast);
      case 'binary':
        return this.#binary(expression);
      case 'logical':
        return this.#logical(expression.operator, expression.operands);
      case 'is-test':
        return this.#isTest(expression.operand, expression.test, expression.negated);
      case 'is-distinct': {
        const [left, right] = [this.compile(expression.left), this.compile(expression.right)];
        const equal = equalityOf(expression.operandType);
        const { negated } = expression;
        return (frame) => {
          const [a, b] = [left(frame), right(frame)];
          return (a === null || b === null ? a === b : equal(a, b)) === negated;
        };
      }
      case 'in-list':
        return this.#inList(expression);
      case 'like':
        return this.#like(expression);
      case 'case':
        return this.#case(expression);
      case 'call':
        return this.#call(expression);
      case 'subquery':
        return this.#compileSubquery(expression);
    }
  }

  /** One test for several conditions that must all be true. */
  compileTest(conditions: readonly BoundExpression[]): Test {
    const tests = conditions.map((condition) => this.compile(condition));
    const [first, second] = tests;
    if (first === undefined) return () => true;
    if (second === undefined) return (frame) => first(frame) === true;
    if (tests.length === 2) return (frame) => first(frame) === true && second(frame) === true;
    return (frame) => {
      for (let i = 0; i < tests.length; i++) if (tests[i]!(frame) !== true) return false;
      return true;
    };
  }

  #strict(operand: BoundExpression, evaluate: (value: Datum) => Datum): Evaluate {
    const compiled = this.compile(operand);
    return (frame) => {
      const value = compiled(frame);
      return value === null ? null : evaluate(value);
    };
  }

  #binary(expression: BoundBinary): Evaluate {
    const { left, right } = expression;
    const evaluate = directComparison(expression) ?? expression.evaluate;
    const [first, second] = [this.compile(left), this.compile(right)];
    return (frame) => {
      const a = first(frame);
      if (a === null) return null;
      const b = second(frame);
      return b === null ? null : evaluate(a, b);
    };
  }

  #logical(operator: 'and' | 'or', operands: readonly BoundExpression[]): Evaluate {
    const compiled = operands.map((operand) => this.compile(operand));
    /** The truth that decides at once. */
    const decisive = operator === 'or';
    return (frame) => {
      let unknown = false;
      for (let i = 0; i < compiled.length; i++) {
        const truth = compiled[i]!(frame);
        if (truth === decisive) return decisive;
        if (truth === null) unknown = true;
      }
      return unknown ? null : !decisive;
    };
  }

  #isTest(operand: BoundExpression, test: 'null' | 'true' | 'false' | 'unknown', negated: boolean): Evaluate {
    const compiled = this.compile(operand);
    const wanted: SqlValue = test === 'true' ? true : test === 'false' ? false : null;
    return (frame) => (compiled(frame) === wanted) !== negated;
  }

  #inList({ operand, list, operandType, negated }: BoundInList): Evaluate {
    const subject = this.compile(operand);
    if (list.every((member) => member.kind === 'constant')) {
      const keyOf = identityKeyOf(operandType);
      const members = new Set(list.flatMap(({ value }) => (value === null ? [] : [keyOf(value)])));
      const hasNull = list.some(({ value }) => value === null);
      return (frame) => {
        const value = subject(frame);
        if (value === null) return null;
        if (members.has(keyOf(value))) return !negated;
        return hasNull ? null : negated;
      };
    }
    const members = list.map((member) => this.compile(member));
    const equal = equalityOf(operandType);
    return (frame) => {
      const value = subject(frame);
      if (value === null) return null;
      let unknown = false;
      for (let i = 0; i < members.length; i++) {
        const member = members[i]!(frame);
        if (member === null) unknown = true;
        else if (equal(value, member)) return !negated;
      }
      return unknown ? null : negated;
    };
  }

  /** A pattern is compiled again only when it differs from the one before. */
  #like({ operand, pattern, escape, caseInsensitive, negated }: BoundLike): Evaluate {
    const [subject, patternOf] = [this.compile(operand), this.compile(pattern)];
    const escapeOf: Evaluate = escape === undefined ? () => '\\' : this.compile(escape);
    let [lastPattern, lastEscape]: [SqlValue, SqlValue] = [null, null];
    let matches: (text: string) => boolean = () => false;
    return (frame) => {
      const [text, wanted, escaped] = [subject(frame), patternOf(frame), escapeOf(frame)];
      if (text === null || wanted === null || escaped === null) return null;
      if (wanted !== lastPattern || escaped !== lastEscape) {
        matches = likeMatcher(wanted as string, { escape: escaped as string, caseInsensitive });
        [lastPattern, lastEscape] = [wanted, escaped];
      }
      return matches(text as string) !== negated;
    };
  }

  #case({ operand, operandType, branches, otherwise }: BoundCase): Evaluate {
    const whens = branches.map(({ when }) => this.compile(when));
    const results = branches.map(({ result }) => this.compile(result));
    const fallback = this.compile(otherwise);
    if (operand === undefined) {
      return (frame) => {
        for (let i = 0; i < whens.length; i++) if (whens[i]!(frame) === true) return results[i]!(frame);
        return fallback(frame);
      };
    }
    const subject = this.compile(operand);
    const equal = equalityOf(operandType);
    return (frame) => {
      const value = subject(frame);
      if (value === null) return fallback(frame);
      for (let i = 0; i < whens.length; i++) {
        const candidate = whens[i]!(frame);
        if (candidate !== null && equal(value, candidate)) return results[i]!(frame);
      }
      return fallback(frame);
    };
  }

  #call({ arguments: parts, call }: BoundCall): Evaluate {
    const compiled = parts.map((part) => this.compile(part));
    const { evaluation, evaluate } = call;
    if (evaluation === 'first-non-null') {
      return (frame) => {
        for (let i = 0; i < compiled.length; i++) {
          const value = compiled[i]!(frame);
          if (value !== null) return value;
        }
        return null;
      };
    }
    const strict = evaluation === 'strict';
    return (frame) => {
      const values = new Array<SqlValue>(compiled.length);
      for (let i = 0; i < compiled.length; i++) {
        const value = compiled[i]!(frame);
        if (strict && value === null) return null;
        values[i] = value;
      }
      return evaluate(values, contextOf(frame));
    };
  }
}

/** Comparisons that JavaScript's own operators decide: where values are numbers without NaN, or identical when equal. */
function directComparison({ operator, operandType }: BoundBinary): ((a: Datum, b: Datum) => boolean) | undefined {
  const { category } = operandType;
  if (category === 'float' || category === 'bytes') return undefined;
  if (operator === '=') return (a, b) => a === b;
  if (operator === '<>') return (a, b) => a !== b;
  if (category !== 'integer' && category !== 'time' && category !== 'boolean') return undefined;
  switch (operator) {
    case '<':
      return (a, b) => a < b;
    case '<=':
      return (a, b) => a <= b;
    case '>':
      return (a, b) => a > b;
    case '>=':
      return (a, b) => a >= b;
    default:
      return undefined;
  }
}
