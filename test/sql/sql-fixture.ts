/** A SQL database in memory for tests, and a short way to ask it things. */

import { ManualClock } from '../../src/base/index.js';
import type { TransactionalStore } from '../../src/mvcc/index.js';
import { SqlDatabase, type SqlOptions, type SqlParameters, type SqlTarget } from '../../src/sql/index.js';
import { type Environment, MemFileSystem, systemEnvironment } from '../../src/vfs/index.js';
import { openMemoryStore, STORE_OPTIONS } from '../support/memory-store.js';

export interface SqlFixture {
  readonly store: TransactionalStore;
  readonly sql: SqlDatabase;
  readonly clock: ManualClock;
  readonly environment: Environment;
  /** Runs a script. */
  exec(script: string): Promise<void>;
  /** Rows as arrays. */
  rows(text: string, parameters?: SqlParameters, target?: SqlTarget): unknown[][];
  /** The plan of a statement, one line per operator. */
  plan(text: string): string[];
}

export const NOW = Date.UTC(2024, 1, 29, 12, 30);

/** Opens a database; `script` runs first. Pass an environment to open the files of an earlier one again. */
export async function openSql(script = '', options: SqlOptions = {}, environment?: Environment): Promise<SqlFixture> {
  const clock = new ManualClock(NOW);
  const whole = environment ?? systemEnvironment({ fileSystem: new MemFileSystem(), clock });
  const limits = { ...STORE_OPTIONS.limits, transactionBytes: 64 * 1024 * 1024, batchBytes: 64 * 1024 * 1024 };
  const store = await openMemoryStore({ limits }, whole);
  const sql = new SqlDatabase(store, options, whole);
  if (script !== '') await sql.script(script);
  return {
    store,
    sql,
    clock,
    environment: whole,
    exec: async (text) => void (await sql.script(text)),
    rows: (text, parameters = [], target?) =>
      Array.from(sql.runSync<unknown[]>(text, parameters, target, { rowMode: 'array' })),
    plan: (text) => sql.runSync<[string]>(`EXPLAIN ${text}`, [], undefined, { rowMode: 'array' }).map(([line]) => line),
  };
}

/** The facts of the error that `run` throws. */
export function errorOf(run: () => unknown): { sqlState: unknown; message: string; facts: Record<string, unknown> } {
  try {
    run();
  } catch (error) {
    const { sqlState, message, facts } = error as ReturnType<typeof errorOf>;
    return { sqlState, message, facts };
  }
  throw new Error('nothing was thrown');
}
