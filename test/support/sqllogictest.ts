/**
 * Reads and runs files of the sqllogictest corpus (sqlite.org/sqllogictest) as the engine `postgresql`. Every query that
 * runs is compared with its recorded result. What is not compared is accounted for: skipped because the file says so,
 * refused with a typed error for a feature that does not exist, or a listed deviation with its reason.
 */

import { createHash } from 'node:crypto';
import { VarveError } from '../../src/base/index.js';

const ENGINE = 'postgresql';

export type RecordedRows = { readonly values: readonly string[] } | { readonly count: number; readonly md5: string };

export type LogicRecord =
  | { readonly kind: 'statement'; readonly line: number; readonly sql: string; readonly fails: boolean }
  | {
      readonly kind: 'query';
      readonly line: number;
      readonly sql: string;
      /** One letter per column: I integer, R real, T text. */
      readonly types: string;
      readonly sort: 'nosort' | 'rowsort' | 'valuesort';
      readonly expected: RecordedRows;
    };

export interface LogicFile {
  readonly records: readonly LogicRecord[];
  /** Records that are for other engines only. */
  readonly skipped: number;
  /** The line at which the file ends for this engine before its last line does. */
  readonly halted: number | undefined;
}

const HASHED = /^(\d+) values hashing to ([0-9a-f]{32})$/;

/** Parses a whole file. Throws on anything that is not of the format, so that nothing is passed over. */
export function parseLogicFile(text: string): LogicFile {
  const lines = text.split(/\r?\n/);
  const records: LogicRecord[] = [];
  let skipped = 0;
  let halted: number | undefined;
  for (let at = 0; at < lines.length && halted === undefined; ) {
    const start = at;
    while (at < lines.length && lines[at] !== '') at++;
    const block = lines.slice(start, at++).map((written, offset) => ({ written, line: start + offset + 1 }));
    const { applies, body } = conditionsOf(block.filter(({ written }) => !written.startsWith('#')));
    const [head] = body;
    if (head === undefined || head.written.startsWith('hash-threshold')) continue;
    if (!applies) skipped++;
    else if (head.written === 'halt') halted = head.line;
    else
      records.push(
        recordOf(
          body.map(({ written }) => written),
          head.line,
        ),
      );
  }
  return { records, skipped, halted };
}

interface Line {
  readonly written: string;
  readonly line: number;
}

/** Takes the lines `skipif x` and `onlyif x` off a record. */
function conditionsOf(block: readonly Line[]): { readonly applies: boolean; readonly body: readonly Line[] } {
  const first = block.findIndex(({ written }) => !/^(skipif|onlyif) /.test(written));
  const body = first < 0 ? [] : block.slice(first);
  const conditions = block.slice(0, first < 0 ? block.length : first).map(({ written }) => written.split(/\s+/));
  return { applies: conditions.every(([word, engine]) => (word === 'onlyif') === (engine === ENGINE)), body };
}

function recordOf([head, ...rest]: readonly string[], line: number): LogicRecord {
  const [kind, first, second = 'nosort'] = head!.trim().split(/\s+/);
  if (kind === 'statement' && (first === 'ok' || first === 'error')) {
    return { kind, line, sql: rest.join('\n'), fails: first === 'error' };
  }
  if (kind !== 'query' || !/^[IRT]+$/.test(first ?? '') || !/^(nosort|rowsort|valuesort)$/.test(second)) {
    throw new Error(`line ${line}: no record begins with "${head}"`);
  }
  const ruler = rest.indexOf('----');
  const values = ruler < 0 ? [] : rest.slice(ruler + 1);
  const hashed = values.length === 1 ? HASHED.exec(values[0]!) : null;
  const expected = hashed === null ? { values } : { count: Number(hashed[1]), md5: hashed[2]! };
  const sql = rest.slice(0, ruler < 0 ? undefined : ruler).join('\n');
  return { kind, line, sql, types: first!, sort: second as 'nosort', expected };
}

/** A value as the corpus prints it in a column of this type. */
export function printValue(value: unknown, type: string): string {
  if (value === null) return 'NULL';
  if (type === 'I' && typeof value !== 'bigint') return String(Math.trunc(Number(value)) + 0);
  if (type === 'R') return Number(value).toFixed(3);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text === '' ? '(empty)' : text.replace(/[^ -~]/g, '@');
}

function printRows(rows: readonly (readonly unknown[])[], types: string, sort: string): string[] {
  const printed = rows.map((row) => row.map((value, column) => printValue(value, types[column] ?? 'T')));
  if (sort === 'rowsort') printed.sort(compareRows);
  const values = printed.flat();
  return sort === 'valuesort' ? values.sort(compareTexts) : values;
}

function compareRows(a: readonly string[], b: readonly string[]): number {
  for (const [column, value] of a.entries()) {
    const order = compareTexts(value, b[column] ?? '');
    if (order !== 0) return order;
  }
  return 0;
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Undefined when the rows are those recorded, else what differs. */
function difference(found: readonly string[], expected: RecordedRows): string | undefined {
  if ('values' in expected) {
    const [left, right] = [expected.values.join('\n'), found.join('\n')];
    return left === right ? undefined : `expected\n${left}\nfound\n${right}`;
  }
  const md5 = createHash('md5')
    .update(found.map((value) => `${value}\n`).join(''))
    .digest('hex');
  if (found.length === expected.count && md5 === expected.md5) return undefined;
  const some = found.slice(0, 20).join('\n');
  return `expected ${expected.count} values hashing to ${expected.md5}\nfound ${found.length} hashing to ${md5}:\n${some}`;
}

/** A record whose outcome is another one here than the recorded one, on purpose. */
export interface Deviation {
  /** The file, as `LogicRunOptions.name` has it. */
  readonly file: string;
  readonly sql: RegExp;
  /** The SQLSTATE that this database gives; undefined: it runs, with other rows. */
  readonly sqlState: string | undefined;
  readonly reason: string;
}

export interface LogicReport {
  /** Queries whose rows are the recorded ones. */
  compared: number;
  /** Statements that did, or failed, as recorded. */
  statements: number;
  /** Not for this engine, says the file. */
  skipped: number;
  /** Refused for want of a feature, by what the error says is missing, or by the first words of what does not parse. */
  readonly refused: Map<string, number>;
  /** By reason. */
  readonly deviated: Map<string, number>;
  readonly failures: string[];
}

export function emptyReport(): LogicReport {
  return { compared: 0, statements: 0, skipped: 0, refused: new Map(), deviated: new Map(), failures: [] };
}

export interface LogicRunOptions {
  readonly name: string;
  /** Stops after so many queries. */
  readonly queriesMax: number;
  readonly deviations: readonly Deviation[];
}

/** Runs one statement and returns its rows as arrays. */
export type RunSql = (sql: string) => readonly (readonly unknown[])[];

/** Runs the records of a file one after the other, adds what came of each to `report`, and returns how many there were. */
export function runLogicFile(run: RunSql, file: LogicFile, options: LogicRunOptions, report: LogicReport): number {
  const runner = new LogicRunner(run, options, report);
  report.skipped += file.skipped;
  let [records, queries] = [0, 0];
  for (const record of file.records) {
    if (record.kind === 'query' && ++queries > options.queriesMax) break;
    runner.run(record);
    records++;
  }
  return records;
}

/** Errors that say that something is not supported: nothing was done, and nothing wrong was returned. */
const REFUSALS = new Set(['0A000', '42601']);
const DEPENDS = 'about a table or view that a refused statement was to make or change';
const CHANGES_TABLE =
  /^\s*(?:INSERT(?: OR \w+)? INTO|REPLACE INTO|UPDATE|DELETE FROM|CREATE VIEW|CREATE TABLE)\s+(\w+)/i;

class LogicRunner {
  readonly #run: RunSql;
  readonly #options: LogicRunOptions;
  readonly #report: LogicReport;
  /** Tables and views that are not what the file takes them for, because a statement about them was refused. */
  readonly #unlike = new Set<string>();

  constructor(run: RunSql, options: LogicRunOptions, report: LogicReport) {
    this.#run = run;
    this.#options = options;
    this.#report = report;
  }

  run(record: LogicRecord): void {
    const depends = this.#dependsOnRefused(record.sql);
    let rows: readonly (readonly unknown[])[];
    try {
      rows = this.#run(record.sql);
    } catch (error) {
      this.#failed(record, error, depends);
      return;
    }
    if (depends) count(this.#report.refused, DEPENDS);
    else if (record.kind === 'query') this.#compare(record, rows);
    else if (record.fails) this.#fail(record, 'expected an error, found none', undefined);
    else this.#report.statements++;
  }

  #compare(record: Extract<LogicRecord, { kind: 'query' }>, rows: readonly (readonly unknown[])[]): void {
    const found = printRows(rows, record.types, record.sort);
    const wrong =
      rows.length > 0 && rows[0]!.length !== record.types.length
        ? `expected ${record.types.length} columns, found ${rows[0]!.length}`
        : difference(found, record.expected);
    if (wrong === undefined) this.#report.compared++;
    else this.#fail(record, wrong, undefined);
  }

  #failed(record: LogicRecord, error: unknown, depends: boolean): void {
    const sqlState = error instanceof VarveError ? error.sqlState : undefined;
    if (sqlState === undefined) this.#fail(record, `untyped error: ${String(error)}`, 'none');
    else if (record.kind === 'statement' && record.fails) this.#report.statements++;
    else if (REFUSALS.has(sqlState)) this.#refuse(record.sql, sqlState, (error as VarveError).message);
    else if (depends) count(this.#report.refused, DEPENDS);
    else this.#fail(record, String(error), sqlState);
  }

  #refuse(sql: string, sqlState: string, message: string): void {
    const target = CHANGES_TABLE.exec(sql)?.[1];
    if (target !== undefined) this.#unlike.add(target.toLowerCase());
    const [problem = message] = message.replace(/^line \d+, column \d+: /, '').split('\n');
    const words = sql.trim().split(/\s+/).slice(0, 2).join(' ');
    count(this.#report.refused, sqlState === '0A000' ? problem : `${words} … does not parse`);
  }

  #fail(record: LogicRecord, problem: string, sqlState: string | undefined): void {
    const { deviations, name } = this.#options;
    const deviation = deviations.find(
      (each) => each.file === name && each.sqlState === sqlState && each.sql.test(record.sql),
    );
    if (deviation !== undefined) count(this.#report.deviated, deviation.reason);
    else this.#report.failures.push(`${name}:${record.line}\n${record.sql}\n${problem}`);
  }

  #dependsOnRefused(sql: string): boolean {
    if (this.#unlike.size === 0) return false;
    return (sql.toLowerCase().match(/\w+/g) ?? []).some((word) => this.#unlike.has(word));
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
