/** `sql` as people call it: a template tag whose values become parameters, or a text with a list of parameters. */

import { InvalidArgumentError, kindOf } from './base/index.js';
import type {
  ArrayRowOptions,
  ObjectRowOptions,
  QueryOptions,
  SqlDatabase,
  SqlParameters,
  SqlResult,
  SqlTarget,
} from './sql/index.js';

type Row = Record<string, unknown>;

export interface SqlFunction {
  /**
   * Every `${value}` becomes a parameter; nothing is ever spliced into the text. So a value stands where SQL wants a value:
   * not for a name, not for a list (`IN (${a}, ${b})` takes one each), not for a part of a statement.
   */
  <R = Row>(template: TemplateStringsArray, ...values: unknown[]): Promise<SqlResult<R>>;
  /** Parameters are `$1` or `?` with an array, `:name` with an object. Rows are arrays, by position of the column. */
  <R extends readonly unknown[] = unknown[]>(
    text: string,
    parameters: SqlParameters | undefined,
    options: ArrayRowOptions,
  ): Promise<SqlResult<R>>;
  /** Rows are objects, by name of the column: of several columns with the same name the last one stays. */
  <R = Row>(text: string, parameters?: SqlParameters, options?: ObjectRowOptions): Promise<SqlResult<R>>;
}

/** The same on this thread. */
export interface SqlFunctionSync {
  <R = Row>(template: TemplateStringsArray, ...values: unknown[]): SqlResult<R>;
  <R extends readonly unknown[] = unknown[]>(
    text: string,
    parameters: SqlParameters | undefined,
    options: ArrayRowOptions,
  ): SqlResult<R>;
  <R = Row>(text: string, parameters?: SqlParameters, options?: ObjectRowOptions): SqlResult<R>;
}

type Call = readonly [text: string, parameters?: SqlParameters, options?: QueryOptions];

/** `before` runs ahead of every statement; undefined when there is nothing to wait for. */
export function createSqlFunction(
  sql: SqlDatabase,
  target: SqlTarget,
  before?: () => Promise<void> | undefined,
): SqlFunction {
  return async (...args: readonly unknown[]): Promise<SqlResult<never>> => {
    const [text, parameters, options] = toCall(args);
    const pending = before?.();
    if (pending !== undefined) await pending;
    return sql.run(text, parameters, target, options as ObjectRowOptions);
  };
}

export function createSqlFunctionSync(sql: SqlDatabase, target: SqlTarget): SqlFunctionSync {
  return (...args: readonly unknown[]): SqlResult<never> => {
    const [text, parameters, options] = toCall(args);
    return sql.runSync(text, parameters, target, options as ObjectRowOptions);
  };
}

function toCall(args: readonly unknown[]): Call {
  const first = args[0];
  if (typeof first === 'string') {
    if (args.length <= 3) return args as unknown as Call;
    throw new InvalidArgumentError(
      `sql takes a text, parameters and options, found ${args.length} arguments; parameters go into one array`,
      { facts: { found: args.length, max: 3 } },
    );
  }
  if (!isTemplate(first)) {
    throw new InvalidArgumentError(`sql takes a template or a text, found ${kindOf(first)}`, {
      facts: { found: kindOf(first) },
    });
  }
  const values = args.slice(1);
  for (const [index, value] of values.entries()) refuseFragment(value, index + 1);
  return [templateText(first), values];
}

function isTemplate(value: unknown): value is TemplateStringsArray {
  return Array.isArray(value) && Object.hasOwn(value, 'raw');
}

/** A statement (what `sql` returned) or another template among the values: somebody meant to build a text from parts. */
function refuseFragment(value: unknown, position: number): void {
  if (typeof value !== 'object' || value === null) return;
  const isPending = value instanceof Promise;
  // Our own error says it all; that of the fragment, which ran as a statement, would end the process as an unhandled one.
  if (isPending) value.catch(() => undefined);
  if (!isPending && !isTemplate(value) && !isResult(value)) return;
  throw new InvalidArgumentError(
    `value ${position} of the template is a statement or a promise: a template takes values only. Write the part out in the text, or use sql(text, parameters) with a text of your own`,
    { facts: { parameter: position } },
  );
}

function isResult(value: object): boolean {
  return Array.isArray(value) && 'command' in value && 'columns' in value;
}

/** A template's strings are one frozen array per place in the source, so its text is built once. */
const templateTexts = new WeakMap<TemplateStringsArray, string>();

function templateText(template: TemplateStringsArray): string {
  const known = templateTexts.get(template);
  if (known !== undefined) return known;
  if (template.some((part: string | undefined) => part === undefined)) {
    throw new InvalidArgumentError(
      'the template has an escape that JavaScript does not know; write \\\\ for a backslash',
    );
  }
  let text = template[0]!;
  for (let i = 1; i < template.length; i++) {
    const next = template[i]!;
    // Apart from its neighbours: `${1}0` must not become $10, nor `a${1}` a name.
    text += `${/(^|[\s(,])$/.test(text) ? '' : ' '}$${i}${/^($|[\s),;])/.test(next) ? '' : ' '}${next}`;
  }
  templateTexts.set(template, text);
  return text;
}
