/**
 * Expressions with operators, weakest first:
 *
 *   expression = conjunct { OR conjunct }          conjunct = negation { AND negation }
 *   negation   = { NOT } test
 *   test       = predicate [ comparison predicate ] { IS [NOT] … [ comparison predicate ] }
 *   predicate  = value [ [NOT] BETWEEN value AND value | [NOT] IN (…) | [NOT] LIKE value [ESCAPE value] ]
 *   value      = operand { || + - * / % operand }  operand = { + - } primary { :: type }
 *
 * The value operators are read as a flat list and arranged by precedence afterwards, and both levels of logic share one
 * rule: fewer rules per nesting level means less stack and less time than the textbook ladder.
 */

import type { IToken } from 'chevrotain';
import {
  between,
  binary,
  type BinaryOperator,
  cast,
  type Expression,
  floatLiteral,
  inList,
  inSubquery,
  integerLiteral,
  isDistinct,
  isTest,
  like,
  logical,
  type SourceSpan,
  type TypeName,
  type UnaryOperator,
  unary,
} from '../ast/index.js';
import { type GrammarContext, type Rule, spanBetween, spanOf } from './grammar.js';

export function defineExpressions(context: GrammarContext): void {
  const { grammar: g, tokens: t, rules, session } = context;
  const test = defineTest(context, definePredicate(context));

  const negation = g.RULE('negation', () => {
    const nots: IToken[] = [];
    g.MANY(() => nots.push(g.CONSUME(t.keywords.not)));
    const tested = g.SUBRULE(test);
    return g.ACTION(() => nots.reduceRight<Expression>((inner, token) => unary('not', inner, spanOf(token)), tested));
  });

  rules.expression = g.RULE('expressionRule', () => {
    const alternatives: Expression[] = [];
    const first = g.LA(1);
    g.ACTION(() => session.enter());
    g.AT_LEAST_ONE_SEP({
      SEP: t.keywords.or,
      DEF: () => {
        const conditions: Expression[] = [];
        g.AT_LEAST_ONE_SEP2({ SEP: t.keywords.and, DEF: () => conditions.push(g.SUBRULE(negation)) });
        g.ACTION(() => alternatives.push(joinLogically('and', conditions, () => spanBetween(first, g.LA(0)))));
      },
    });
    return g.ACTION(() => {
      session.leave();
      return joinLogically('or', alternatives, () => spanBetween(first, g.LA(0)));
    });
  });
}

/** Chains in parentheses are flattened too: AND and OR are associative. */
function joinLogically(operator: 'and' | 'or', parts: readonly Expression[], span: () => SourceSpan): Expression {
  if (parts.length === 1) return parts[0]!;
  const operands = parts.flatMap((part) =>
    part.kind === 'logical' && part.operator === operator ? part.operands : [part],
  );
  return logical(operator, operands, span());
}

function defineTest(context: GrammarContext, predicate: Rule<Expression>): Rule<Expression> {
  const { grammar: g, tokens: t } = context;
  const { keywords: k } = t;

  const comparisonTail = g.RULE('comparisonTail', () => {
    const operator = g.CONSUME(t.comparison);
    const right = g.SUBRULE(predicate);
    return g.ACTION(() => (left: Expression) => {
      const written = operator.image === '!=' ? '<>' : operator.image;
      return binary(written as BinaryOperator, left, right, spanOf(operator));
    });
  });

  const isTail = g.RULE('isTail', () => {
    const is = g.CONSUME(k.is);
    const negated = g.OPTION(() => g.CONSUME(k.not)) !== undefined;
    return g.OR<(left: Expression) => Expression>([
      {
        ALT: () => {
          g.CONSUME(k.distinct);
          g.CONSUME(k.from);
          const right = g.SUBRULE(predicate);
          return (left) => isDistinct(left, right, negated, spanOf(is));
        },
      },
      {
        ALT: () => {
          const word = g.OR2([
            { ALT: () => g.CONSUME(k.null) },
            { ALT: () => g.CONSUME(k.true) },
            { ALT: () => g.CONSUME(k.false) },
            { ALT: () => g.CONSUME(k.unknown) },
          ]);
          return (left) =>
            isTest(
              left,
              word.image.toLowerCase() as 'null' | 'true' | 'false' | 'unknown',
              negated,
              spanBetween(is, word),
            );
        },
      },
    ]);
  });

  return g.RULE('test', () => {
    let tested = g.SUBRULE(predicate);
    const extend = (tail: (left: Expression) => Expression): void =>
      g.ACTION(() => {
        tested = tail(tested);
      });
    g.OPTION(() => extend(g.SUBRULE(comparisonTail)));
    g.MANY(() => {
      extend(g.SUBRULE(isTail));
      g.OPTION2(() => extend(g.SUBRULE2(comparisonTail)));
    });
    return tested;
  });
}

function definePredicate(context: GrammarContext): Rule<Expression> {
  const { grammar: g, tokens: t, rules } = context;
  const { keywords: k } = t;
  rules.value = defineValue(context);

  const betweenTail = g.RULE('betweenTail', () => {
    const word = g.CONSUME(k.between);
    const low = g.SUBRULE(rules.value);
    g.CONSUME(k.and);
    const high = g.SUBRULE2(rules.value);
    return (left: Expression, negated: boolean): Expression => between(left, { low, high }, negated, spanOf(word));
  });

  const inTail = g.RULE('inTail', () => {
    const word = g.CONSUME(k.in);
    g.CONSUME(t.leftParenthesis);
    const made = g.OR<(left: Expression, negated: boolean) => Expression>([
      {
        ALT: () => {
          const query = g.SUBRULE(rules.select);
          return (left, negated) => inSubquery(left, query, negated, spanOf(word));
        },
      },
      {
        ALT: () => {
          const list: Expression[] = [];
          g.AT_LEAST_ONE_SEP({ SEP: t.comma, DEF: () => list.push(g.SUBRULE(rules.expression)) });
          return (left, negated) => inList(left, list, negated, spanOf(word));
        },
      },
    ]);
    g.CONSUME(t.rightParenthesis);
    return made;
  });

  const likeTail = g.RULE('likeTail', () => {
    const word = g.OR([{ ALT: () => g.CONSUME(k.like) }, { ALT: () => g.CONSUME(k.ilike) }]);
    const pattern = g.SUBRULE(rules.value);
    const escape = g.OPTION(() => {
      g.CONSUME(k.escape);
      return g.SUBRULE2(rules.value);
    });
    return (left: Expression, negated: boolean): Expression => {
      const caseInsensitive = word.tokenType === k.ilike;
      return like(left, pattern, { escape, caseInsensitive, negated }, spanOf(word));
    };
  });

  return g.RULE('predicate', () => {
    const left = g.SUBRULE(rules.value);
    const predicated = g.OPTION(() => {
      const negated = g.OPTION2(() => g.CONSUME(k.not)) !== undefined;
      const tail = g.OR([
        { ALT: () => g.SUBRULE(betweenTail) },
        { ALT: () => g.SUBRULE(inTail) },
        { ALT: () => g.SUBRULE(likeTail) },
      ]);
      return g.ACTION(() => tail(left, negated));
    });
    return predicated ?? left;
  });
}

function defineValue(context: GrammarContext): Rule<Expression> {
  const { grammar: g, tokens: t, rules } = context;

  const operand = g.RULE('operand', () => {
    const signs: IToken[] = [];
    const types: TypeName[] = [];
    g.MANY(() => signs.push(g.CONSUME(t.sign)));
    const first = g.LA(1);
    const inner = g.SUBRULE(rules.primary);
    g.MANY2(() => {
      g.CONSUME(t.doubleColon);
      types.push(g.SUBRULE(rules.typeName));
    });
    return g.ACTION(() => {
      if (signs.length === 0 && types.length === 0) return inner;
      const number = types.length === 0 && (first.tokenType === t.integer || first.tokenType === t.float);
      const negative = number && signs.length > 0 ? negatedNumber(inner, signs[signs.length - 1]!) : undefined;
      if (negative !== undefined) signs.pop();
      const converted = types.reduce<Expression>(
        (value, type) => cast(value, type, spanBetween(first, g.LA(0))),
        negative ?? inner,
      );
      return signs.reduceRight<Expression>(
        (value, sign) => unary(sign.image as UnaryOperator, value, spanOf(sign)),
        converted,
      );
    });
  });

  return g.RULE('value', () => {
    const first = g.SUBRULE(operand);
    let arrangement: OperatorArrangement | undefined;
    g.MANY(() => {
      const operator = g.CONSUME(t.valueOperator);
      const next = g.SUBRULE2(operand);
      g.ACTION(() => {
        arrangement ??= new OperatorArrangement(first);
        arrangement.append(operator, next);
      });
    });
    return g.ACTION(() => arrangement?.finish() ?? first);
  });
}

/** A minus before a number belongs to it, or the least BIGINT could not be written. */
function negatedNumber(literal: Expression, sign: IToken): Expression | undefined {
  if (sign.image !== '-' || literal.kind !== 'literal' || literal.span === undefined) return undefined;
  const length = literal.span.offset + literal.span.length - sign.startOffset;
  const span = { ...spanOf(sign), length };
  if (literal.literalType === 'integer') return integerLiteral(-literal.value, span);
  return literal.literalType === 'float' ? floatLiteral(-literal.value, span) : undefined;
}

const PRECEDENCE: Readonly<Record<string, number>> = { '||': 1, '+': 2, '-': 2, '*': 3, '/': 3, '%': 3 };

/** Turns `a + b * c` into a tree as it is read: two stacks, all operators left-associative (Dijkstra's shunting yard). */
class OperatorArrangement {
  readonly #operands: Expression[];
  readonly #operators: IToken[] = [];

  constructor(first: Expression) {
    this.#operands = [first];
  }

  append(operator: IToken, operand: Expression): void {
    this.#reduce(PRECEDENCE[operator.image]!);
    this.#operators.push(operator);
    this.#operands.push(operand);
  }

  finish(): Expression {
    this.#reduce(0);
    return this.#operands[0]!;
  }

  /** Applies the operators on the stack that bind at least as tightly as `precedence`. */
  #reduce(precedence: number): void {
    for (;;) {
      const operator = this.#operators[this.#operators.length - 1];
      if (operator === undefined || PRECEDENCE[operator.image]! < precedence) return;
      this.#operators.pop();
      const right = this.#operands.pop()!;
      const left = this.#operands.pop()!;
      this.#operands.push(binary(operator.image as BinaryOperator, left, right, spanOf(operator)));
    }
  }
}
