/**
 * The sqllogictest corpus: results recorded from other databases. Runs over the folder that VARVE_SQLLOGICTEST names,
 * else over `../shared/data/sqllogictest` beside the repository; the first queries of every file, or with VARVE_RUNS=10
 * (or more) all of them.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { propertyOptions } from '../support/seed.js';
import {
  type Deviation,
  emptyReport,
  type LogicReport,
  parseLogicFile,
  runLogicFile,
} from '../support/sqllogictest.js';
import { openSql } from './sql-fixture.js';

const BESIDE = fileURLToPath(new URL('../../../shared/data/sqllogictest', import.meta.url));
const given = process.env['VARVE_SQLLOGICTEST'];
const folder = given ?? (existsSync(BESIDE) ? BESIDE : undefined);

/** Of each file; the statements between them run too. */
const QUERIES = 300;
const scaled = propertyOptions(QUERIES).numRuns;
const isWhole = scaled >= 10 * QUERIES;
const queriesMax = isWhole ? Number.POSITIVE_INFINITY : scaled;

/** Where the results were recorded with SQLite and this database sides with PostgreSQL. Everything else is an error. */
const DEVIATIONS: readonly Deviation[] = [
  {
    file: 'evidence/in1.test',
    sql: /^SELECT 'hello' (NOT )?IN \(SELECT \* FROM t1\)$/,
    sqlState: '22P02',
    reason: 'a string literal is read in the type of the column it is compared with; SQLite compares across types',
  },
  {
    file: 'evidence/in1.test',
    sql: /^SELECT x'303132' (NOT )?IN \(SELECT \* FROM t1\)$/,
    sqlState: '42804',
    reason: 'bytea and integer cannot be compared; SQLite compares across types',
  },
  {
    file: 'evidence/slt_lang_update.test',
    sql: /^UPDATE t1 SET x=3, x=4, x=5$/,
    sqlState: '42701',
    reason: 'a column is assigned at most once; SQLite takes the last assignment',
  },
  {
    file: 'evidence/slt_lang_update.test',
    sql: /^SELECT count\(\*\) FROM t1 WHERE x=[45]$/,
    sqlState: undefined,
    reason: 'counts what the refused double assignment would have changed',
  },
  {
    file: 'index/random/1000/slt_good_0.test',
    sql: /\+ col[25]/,
    sqlState: '42883',
    reason: 'no unary plus for text; SQLite leaves the operand as it is',
  },
  {
    file: 'index/random/1000/slt_good_0.test',
    sql: /- CAST \( col1 AS INTEGER \) \* \+ col0/,
    sqlState: '22003',
    reason: 'a product of two INTEGERs is an INTEGER and overflows; integers of SQLite have 64 bits',
  },
  {
    file: 'random/aggregates/slt_good_1.test',
    sql: /\( \+ col1 \) \/ - \+ 0 = NULL/,
    sqlState: '22012',
    reason: 'division by zero is an error; SQLite yields NULL',
  },
  {
    file: 'random/expr/slt_good_0.test',
    sql: /20 \/ \+ COALESCE \( - COALESCE \( 0,/,
    sqlState: '22012',
    reason: 'division by zero is an error; SQLite yields NULL',
  },
  {
    file: 'random/expr/slt_good_0.test',
    sql: /NULLIF \( \+ 53, \+ \+ COUNT \( \* \) \* \+ AVG \( DISTINCT \+ \+ 80 \) \)/,
    sqlState: undefined,
    reason: 'NULLIF returns its first operand in the type of the comparison; SQLite leaves it an integer',
  },
];

describe.skipIf(folder === undefined)(
  `the sqllogictest corpus in ${folder ?? 'no folder: skipped, set VARVE_SQLLOGICTEST to run it'}`,
  () => {
    const reports = new Map<string, LogicReport>();

    test.each(folder === undefined ? [] : logicFiles(folder))(
      '%s',
      async (name) => {
        const report = emptyReport();
        reports.set(name, report);
        const file = parseLogicFile(readFileSync(`${folder}/${name}`, 'utf8'));
        const db = await openSql();
        const options = { name, queriesMax, deviations: DEVIATIONS };
        const records = runLogicFile((sql) => db.rows(sql), file, options, report);
        await db.store.close();
        expect(report.failures.slice(0, 3).join('\n\n')).toBe('');
        const { compared, statements, refused, deviated } = report;
        expect(compared + statements + size(refused) + size(deviated)).toBe(records);
      },
      600_000,
    );

    test(`${isWhole ? 'all' : `the first ${queriesMax}`} queries of each file were compared, and what was not is named`, () => {
      const total = sum([...reports.values()]);
      process.stderr.write(describeReport(total));
      expect(total.compared).toBeGreaterThan(isWhole ? 100_000 : 14 * queriesMax);
      // A deviation that does not show any more is not one.
      const listed = DEVIATIONS.filter(({ file }) => reports.has(file)).map(({ reason }) => reason);
      if (isWhole) expect([...total.deviated.keys()].sort()).toEqual([...new Set(listed)].sort());
    });
  },
);

describe('the runner', () => {
  const SCRIPT = `# a comment
hash-threshold 8

statement ok
CREATE TABLE t (a INTEGER, b VARCHAR(8))

statement ok
INSERT INTO t VALUES (9, ''), (10, 'x'), (NULL, 'z')

statement error
INSERT INTO t VALUES ('x', 'x')

onlyif mysql
query I nosort
SELECT 1 DIV 0
----
7

skipif mysql # for everyone else
query IT rowsort label-1
SELECT a, b FROM t
----
10
x
9
(empty)
NULL
z

query RI valuesort
SELECT a * 0.5, a FROM t WHERE a > 1
----
10
4.500
5.000
9

query I rowsort
SELECT a FROM t
----
3 values hashing to 8734f49773d90b2783e8cac06ff04f88

statement ok
CREATE VIEW v AS SELECT a FROM t

query I nosort
SELECT count(*) FROM v
----
3

query I nosort
SELECT 1 / 0
----
NULL

`;
  const division: Deviation = { file: 'f', sql: /1 \/ 0/, sqlState: '22012', reason: 'zero' };

  async function runScript(text: string, deviations: readonly Deviation[] = []): Promise<LogicReport> {
    const report = emptyReport();
    const db = await openSql();
    const options = { name: 'f', queriesMax: 100, deviations };
    runLogicFile((sql) => db.rows(sql), parseLogicFile(text), options, report);
    await db.store.close();
    return report;
  }

  test('tells compared, skipped, refused and deviating records apart', async () => {
    const report = await runScript(SCRIPT, [division]);
    expect(report.failures).toEqual([]);
    expect([report.compared, report.statements, report.skipped]).toEqual([3, 3, 1]);
    expect([size(report.refused), [...report.deviated]]).toEqual([2, [['zero', 1]]]);
  });

  test.each([
    ['a value', '9\n(empty)', '8\n(empty)'],
    ['an order', 'IT rowsort', 'IT nosort  '],
    ['a hash', '8734f4', '8734f5'],
    ['a number of rows', '5.000\n9\n', '5.000\n'],
    ['a type', 'query RI', 'query II'],
    ['a number of columns', 'query I rowsort', 'query II rowsort'],
    ['an error where none was recorded', "(9, '')", "('nine', '')"],
    ['no error where one was recorded', "('x', 'x')", "('8', 'x')"],
  ])('finds %s that is not the recorded one', async (_what, recorded, other) => {
    expect(SCRIPT).toContain(recorded);
    expect((await runScript(SCRIPT.replace(recorded, other), [division])).failures).not.toEqual([]);
  });

  test('takes an error for a failure unless it is a refusal or listed', async () => {
    expect((await runScript(SCRIPT)).failures).toEqual([expect.stringContaining('division by zero')]);
  });

  test('stops where a file ends for this engine, and at what is no record', () => {
    expect(parseLogicFile('onlyif mysql\nhalt\n\nskipif mysql\nhalt\n\nnonsense')).toMatchObject({ halted: 5 });
    expect(() => parseLogicFile('\nqueri I nosort\nSELECT 1\n----\n1')).toThrow('line 2');
  });
});

function logicFiles(root: string): string[] {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test'));
  if (names.length === 0) throw new Error(`${root} holds no files of the sqllogictest corpus`);
  return names.map((name) => name.replaceAll('\\', '/')).sort();
}

function size(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, each) => total + each, 0);
}

function sum(reports: readonly LogicReport[]): LogicReport {
  const total = emptyReport();
  for (const report of reports) {
    total.compared += report.compared;
    total.statements += report.statements;
    total.skipped += report.skipped;
    total.failures.push(...report.failures);
    for (const field of ['refused', 'deviated'] as const) {
      for (const [key, times] of report[field]) total[field].set(key, (total[field].get(key) ?? 0) + times);
    }
  }
  return total;
}

function describeReport(report: LogicReport): string {
  const lines = (title: string, counts: ReadonlyMap<string, number>): string[] => [
    `${title} ${size(counts)}`,
    ...[...counts].sort(([, a], [, b]) => b - a).map(([key, times]) => `  ${times} ${key}`),
  ];
  return [
    `sqllogictest: ${report.compared} queries compared, ${report.statements} statements as recorded, ${report.failures.length} failures`,
    `skipped as for other engines ${report.skipped}`,
    ...lines('refused', report.refused),
    ...lines('deviations', report.deviated),
    '',
  ].join('\n');
}
