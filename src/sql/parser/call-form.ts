/** Calls, including those whose arguments are separated by words instead of commas. */

import type { IToken } from 'chevrotain';
import { call, type Expression, stringLiteral } from '../ast/index.js';
import { isAggregate } from '../values/index.js';
import { type GrammarContext, spanBetween } from './grammar.js';
import { foldName } from './name-grammar.js';
import { unsupportedCall } from './unsupported.js';

interface WordedArgument {
  readonly word: IToken;
  readonly value: Expression;
}

/** What stood between the parentheses. */
export interface CallParts {
  readonly values: readonly Expression[];
  readonly star: boolean;
  /** DISTINCT or ALL. */
  readonly quantifier?: IToken | undefined;
  /** BOTH, LEADING or TRAILING. */
  readonly side?: IToken | undefined;
  /** FROM … */
  readonly from?: WordedArgument | undefined;
  /** FOR … */
  readonly length?: WordedArgument | undefined;
}

const TRIM_BY_SIDE: Readonly<Record<string, string>> = { both: 'trim', leading: 'ltrim', trailing: 'rtrim' };

export function callExpression(context: GrammarContext, first: IToken, parts: CallParts): Expression {
  const { session, tokens } = context;
  const name = foldName(context, first);
  const span = spanBetween(first, context.grammar.LA(0));
  const unsupported = first.tokenType === tokens.quotedName ? undefined : unsupportedCall(name);
  if (unsupported !== undefined) throw session.fail(first, unsupported, '0A000');
  const { values, star, quantifier, side, from, length } = parts;
  const word = side ?? from?.word ?? length?.word;
  if (quantifier !== undefined) {
    const written = quantifier.image.toUpperCase();
    if (word !== undefined) throw session.fail(quantifier, `${written} is not possible in this form of call`);
    if (values.length === 0) throw session.fail(quantifier, `${written} stands before an argument`);
  }
  const distinct = quantifier?.tokenType === tokens.keywords.distinct;
  if (quantifier !== undefined && !distinct && !isAggregate(name)) {
    throw session.fail(quantifier, `ALL is for aggregates, and ${name} is none`, '42809');
  }
  if (word === undefined) return call(name, values, { star, distinct }, span);
  if (name === 'extract' && from !== undefined && side === undefined && length === undefined) {
    const field = fieldName(values);
    if (field !== undefined) return call(name, [stringLiteral(field, values[0]?.span), from.value], {}, span);
  }
  if (name === 'substring' && values.length === 1 && side === undefined) {
    const start = from?.value;
    const count = length === undefined ? [] : [length.value];
    if (start !== undefined) return call(name, [values[0]!, start, ...count], {}, span);
  }
  if (name === 'trim' && values.length <= 1 && length === undefined) {
    const trimmed = from === undefined ? values : [from.value, ...values];
    const sided = TRIM_BY_SIDE[side?.image.toLowerCase() ?? 'both']!;
    if (trimmed.length >= 1) return call(sided, trimmed, {}, span);
  }
  throw session.fail(word, `${word.image.toUpperCase()} does not belong here in a call of ${name}`);
}

/** EXTRACT's field is a word or a string. */
function fieldName(values: readonly Expression[]): string | undefined {
  const [field] = values;
  if (field === undefined || values.length > 1) return undefined;
  if (field.kind === 'column' && field.table === undefined) return field.name;
  return field.kind === 'literal' && field.literalType === 'string' ? field.value : undefined;
}
