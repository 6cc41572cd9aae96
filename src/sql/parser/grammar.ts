/**
 * The part of the parsing library that the grammar is written in, and the rules that its files share.
 *
 * A rule is a function that consumes tokens and returns a node. The library runs every rule once without input to learn
 * the grammar, so whatever looks at tokens or makes nodes stands inside `ACTION`. The n-th use of the same call with the
 * same token or rule inside one rule has the suffix n.
 */

import type {
  AtLeastOneSepMethodOpts,
  ConsumeMethodOpts,
  DSLMethodOpts,
  IOrAlt,
  IToken,
  ManySepMethodOpts,
  OrMethodOpts,
  ParserMethod,
  TokenType,
} from 'chevrotain';
import type {
  Expression,
  NamedTable,
  Name,
  SelectItem,
  SelectStatement,
  SourceSpan,
  Statement,
  TypeName,
} from '../ast/index.js';
import type { ParseSession } from './parse-session.js';
import type { TokenVocabulary } from './token-vocabulary.js';

export type Rule<Result> = ParserMethod<[], Result>;

type Consume = (type: TokenType, options?: ConsumeMethodOpts) => IToken;
type Subrule = <Result>(rule: Rule<Result>) => Result;
type Option = <Result>(body: (() => Result) | DSLMethodOpts<Result>) => Result | undefined;
type Many = (body: () => void) => void;
type Choose = <Result>(alternatives: IOrAlt<Result>[] | OrMethodOpts<Result>) => Result;

export interface Grammar {
  readonly RULE: <Result>(name: string, body: () => Result) => Rule<Result>;
  readonly ACTION: <Result>(body: () => Result) => Result;
  /** The n-th token ahead; 0 is the one consumed last. */
  readonly LA: (ahead: number) => IToken;
  readonly CONSUME: Consume;
  readonly CONSUME2: Consume;
  readonly CONSUME3: Consume;
  readonly SUBRULE: Subrule;
  readonly SUBRULE2: Subrule;
  readonly SUBRULE3: Subrule;
  readonly SUBRULE4: Subrule;
  readonly OPTION: Option;
  readonly OPTION2: Option;
  readonly OPTION3: Option;
  readonly OPTION4: Option;
  readonly OPTION5: Option;
  readonly OPTION6: Option;
  readonly OPTION7: Option;
  readonly OPTION8: Option;
  readonly MANY: Many;
  readonly MANY2: Many;
  readonly AT_LEAST_ONE: Many;
  readonly MANY_SEP: (options: ManySepMethodOpts<unknown>) => void;
  readonly AT_LEAST_ONE_SEP: (options: AtLeastOneSepMethodOpts<unknown>) => void;
  readonly AT_LEAST_ONE_SEP2: (options: AtLeastOneSepMethodOpts<unknown>) => void;
  readonly OR: Choose;
  readonly OR2: Choose;
  readonly OR3: Choose;
}

/** What every part of the grammar is given: the library, the tokens, and the statement being parsed. */
export interface GrammarContext {
  readonly grammar: Grammar;
  readonly tokens: TokenVocabulary;
  readonly session: ParseSession;
  readonly rules: SharedRules;
}

/** Every statement but EXPLAIN, which contains one. */
export type PlainStatement = Exclude<Statement, { readonly kind: 'explain' }>;

/** Rules used across files. Filled while the grammar is defined; a rule may mention one that is defined later. */
export interface SharedRules {
  expression: Rule<Expression>;
  /** An expression without logic and comparisons, such as an operand of BETWEEN or a column's default. */
  value: Rule<Expression>;
  primary: Rule<Expression>;
  caseExpression: Rule<Expression>;
  nameExpression: Rule<Expression>;
  name: Rule<Name>;
  nameList: Rule<Name[]>;
  typeName: Rule<TypeName>;
  select: Rule<SelectStatement>;
  selectItems: Rule<SelectItem[]>;
  /** `table [[AS] alias]`. */
  namedTable: Rule<NamedTable>;
  insert: Rule<PlainStatement>;
  update: Rule<PlainStatement>;
  delete: Rule<PlainStatement>;
  create: Rule<PlainStatement>;
  drop: Rule<PlainStatement>;
  statement: Rule<Statement>;
}

/** From the first code unit of `first` to the last of `last`. */
export function spanBetween(first: IToken, last: IToken): SourceSpan {
  const length = last.startOffset + last.image.length - first.startOffset;
  return { line: first.startLine!, column: first.startColumn!, offset: first.startOffset, length };
}

export function spanOf(token: IToken): SourceSpan {
  return spanBetween(token, token);
}
