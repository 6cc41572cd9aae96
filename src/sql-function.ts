/** `sql` as people call it: a template tag whose values become parameters, or a text with a list of parameters. */

import type { QueryOptions, SqlDatabase, SqlParameters, SqlResult, SqlTarget } from './sql/index.js';

type Row = Record<string, unknown>;

export interface SqlFunction {
  /** Every `${value}` becomes a parameter; nothing is ever spliced into the text. */
  <R = Row>(template: TemplateStringsArray, ...values: unknown[]): Promise<SqlResult<R>>;
  /** Parameters are `$1` or `?` with an array, `:name` with an object. */
  <R = Row>(text: string, parameters?: SqlParameters, options?: QueryOptions): Promise<SqlResult<R>>;
}

export interface SqlFunctionSync {
  <R = Row>(template: TemplateStringsArray, ...values: unknown[]): SqlResult<R>;
  <R = Row>(text: string, parameters?: SqlParameters, options?: QueryOptions): SqlResult<R>;
}

type Call = readonly [text: string, parameters: SqlParameters | undefined, options: QueryOptions | undefined];

export function createSqlFunction(sql: SqlDatabase, target: SqlTarget): SqlFunction {
  return async (...args: readonly unknown[]) => {
    const [text, parameters, options] = toCall(args);
    return sql.run(text, parameters ?? [], target, options);
  };
}

export function createSqlFunctionSync(sql: SqlDatabase, target: SqlTarget): SqlFunctionSync {
  return (...args: readonly unknown[]) => {
    const [text, parameters, options] = toCall(args);
    return sql.runSync(text, parameters ?? [], target, options);
  };
}

function toCall(args: readonly unknown[]): Call {
  const first = args[0];
  if (isTemplate(first)) return [templateText(first), args.slice(1), undefined];
  return args as unknown as Call;
}

function isTemplate(value: unknown): value is TemplateStringsArray {
  return Array.isArray(value) && Object.hasOwn(value, 'raw');
}

/** A template's strings are one frozen array per place in the source, so its text is built once. */
const templateTexts = new WeakMap<TemplateStringsArray, string>();

function templateText(template: TemplateStringsArray): string {
  const known = templateTexts.get(template);
  if (known !== undefined) return known;
  const text = template.reduce((joined, part, index) => (index === 0 ? part : `${joined}$${index}${part}`), '');
  templateTexts.set(template, text);
  return text;
}
