/**
 * Everything `open` accepts, with its unit and bounds, as one schema; defaults are in `settings.ts`. The layers below
 * receive complete settings.
 */

import { z } from 'zod';
import { InvalidArgumentError } from './base/index.js';
import type { EntityClass } from './orm/index.js';
import { type DatabaseSettings, DEFAULT_SETTINGS as DEFAULTS } from './settings.js';
import { CACHE_POLICIES, type EngineEvent } from './storage/index.js';
import type { Environment } from './vfs/index.js';

const KIB = 1024;
const MIB = 1024 * KIB;

const bytes = (min: number, max: number) =>
  z.int().min(min, `must be at least ${min} bytes`).max(max, `must be at most ${max} bytes`);

const count = (min: number, max: number) =>
  z.int().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`);

const walSync = z.union(
  [
    z.enum(['commit', 'manual']),
    z.strictObject({ everyMs: count(1, 3_600_000) }),
    z.strictObject({ everyCommits: count(1, 1_000_000) }),
  ],
  "must be 'commit', 'manual', { everyMs: 1 … 3600000 } or { everyCommits: 1 … 1000000 }",
);

const compactionSchema = z.strictObject({
  /**
   * `'leveled'`: one sorted run per level, for reading and little space. `'tiered'`: `sizeRatio - 1` runs per level, for
   * writing. `'lazy-leveled'`: tiered, except for the largest level.
   */
  policy: z.enum(['leveled', 'tiered', 'lazy-leveled']).default(DEFAULTS.compaction.policy),
  /** Level-0 tables that start a merge. */
  level0Runs: count(2, 64).default(DEFAULTS.compaction.level0Runs),
  /** What level 0 is expected to hold by then, in bytes; level 1 may hold `sizeRatio` times as much, and so on. */
  levelBaseBytes: bytes(1 * KIB, 2 ** 40).default(DEFAULTS.compaction.levelBaseBytes),
  /** How many times larger each level is than the one above it. */
  sizeRatio: count(2, 100).default(DEFAULTS.compaction.sizeRatio),
  /** What flushes and merges together may write, in bytes per second; only merges wait for it. No limit by default. */
  bytesPerSecond: bytes(1 * KIB, 2 ** 40).optional(),
});

const limitsSchema = z.strictObject({
  /** Largest stored key, in bytes, its keyspace or table prefix included. */
  keyBytes: bytes(16, 1 * MIB).default(DEFAULTS.limits.keyBytes),
  /** Largest stored value, in bytes. */
  valueBytes: bytes(16, 1024 * MIB).default(DEFAULTS.limits.valueBytes),
  /** Largest commit, in bytes of encoded operations. */
  batchBytes: bytes(1 * KIB, 1024 * MIB).default(DEFAULTS.limits.batchBytes),
  /** Largest write buffer of one transaction, in bytes. */
  transactionBytes: bytes(1 * KIB, 1024 * MIB).default(DEFAULTS.limits.transactionBytes),
  /** Memory for what recent commits wrote; a transaction that began before it reaches back gets `ConflictError`. */
  recentCommitBytes: bytes(64 * KIB, 1024 * MIB).default(DEFAULTS.limits.recentCommitBytes),
});

const sqlSchema = z.strictObject({
  /** Statements kept parsed and planned, by text. */
  statementCacheSize: count(0, 1_000_000).default(DEFAULTS.sql.statementCacheSize),
  limits: z
    .strictObject({
      /** Longest SQL text, in UTF-16 code units. */
      textLength: count(1, 2 ** 28).default(DEFAULTS.sql.limits.textLength),
      /** Most tokens in a text. */
      tokens: count(1, 10_000_000).default(DEFAULTS.sql.limits.tokens),
      /** Deepest nesting of expressions and queries. */
      depth: count(1, 1000).default(DEFAULTS.sql.limits.depth),
      /** Memory of one statement's sorts, groups, hash tables and subqueries, in bytes. */
      memoryBytes: bytes(1 * KIB, 2 ** 40).default(DEFAULTS.sql.limits.memoryBytes),
      /** Most rows in one result; streaming has no limit. */
      resultRows: count(1, 2 ** 31).default(DEFAULTS.sql.limits.resultRows),
      /** Largest result, in bytes. */
      resultBytes: bytes(1 * KIB, 2 ** 40).default(DEFAULTS.sql.limits.resultBytes),
    })
    .prefault({}),
});

const databaseOptionsSchema = z.strictObject({
  /** Never writes; fails where the directory is not a database. */
  readOnly: z.boolean().default(DEFAULTS.readOnly),
  /** Creates the directory and the database where there is none. */
  createIfMissing: z.boolean().default(DEFAULTS.createIfMissing),
  wal: z
    .strictObject({
      /**
       * When a commit is on the device. `'commit'`: before it is acknowledged. `{ everyMs }`, `{ everyCommits }`: a power
       * cut may take that much with it. `'manual'`: when `db.sync()` says so. A kill of the process loses nothing acknowledged.
       */
      sync: walSync.default(DEFAULTS.wal.sync),
    })
    .prefault({}),
  /** Size of the memtable, in bytes, at which it is sealed and flushed to a level-0 table. */
  memtableBytes: bytes(4 * KIB, 1024 * MIB).default(DEFAULTS.memtableBytes),
  /** Target size of a table's data block before compression, in bytes. */
  blockBytes: bytes(128, 1 * MIB).default(DEFAULTS.blockBytes),
  /** Target size of a table file written by a merge, in bytes. */
  tableBytes: bytes(1 * KIB, 4096 * MIB).default(DEFAULTS.tableBytes),
  blockCache: z
    .strictObject({
      /** Memory for table blocks, in bytes. */
      bytes: bytes(0, 64 * 1024 * MIB).default(DEFAULTS.blockCache.bytes),
      /** Which block leaves a full cache: `'sieve'`, `'lru'`, `'arc'` or `'tinylfu'`. */
      policy: z.enum(CACHE_POLICIES).default(DEFAULTS.blockCache.policy),
    })
    .prefault({}),
  /** Bits per key of each table's Bloom filter; 0 leaves filters out. */
  bloomBitsPerKey: count(0, 32).default(DEFAULTS.bloomBitsPerKey),
  /** `'lz4'` needs the optional package `lz4-napi`; without it blocks are written uncompressed. */
  compression: z.enum(['lz4', 'none']).default(DEFAULTS.compression),
  compaction: compactionSchema.prefault({}),
  /**
   * Where flushes and merges run: `'worker'` in a thread of their own, `'inline'` between the other work of this one. A
   * database in memory, or on a file system passed as `environment`, is always served inline.
   */
  background: z.enum(['worker', 'inline']).default(DEFAULTS.background),
  limits: limitsSchema.prefault({}),
  sql: sqlSchema.prefault({}),
  /** Entity classes and definitions whose tables are created, or compared with the stored ones, on open. */
  entities: z
    .array(z.custom<EntityClass>((value) => typeof value === 'function', 'must be an entity class or definition'))
    .default([]),
  /**
   * Called with every engine event (flush, compaction, stall, recovery, failure) as plain data. The same events are
   * published on the diagnostics channels `varve:flush`, `varve:compaction` and so on.
   */
  listener: z
    .custom<(event: EngineEvent) => void>((value) => typeof value === 'function', 'must be a function')
    .optional(),
  /** Replacements for parts of the machine: file system, clock, randomness, scheduler. Meant for tests and simulations. */
  environment: z
    .custom<Partial<Environment>>((value) => typeof value === 'object' && value !== null, 'must be an object')
    .optional(),
});

/** What a user may pass to `open`; see each field's comment for unit and default. */
export type DatabaseOptions = z.input<typeof databaseOptionsSchema>;

/** Applies defaults. Throws one `InvalidArgumentError` that lists every problem, `facts.problems`. */
export function parseOptions(options: unknown): DatabaseSettings {
  const parsed = databaseOptionsSchema.safeParse(options ?? {});
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => describe(issue, options));
  throw new InvalidArgumentError(`invalid options:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`, {
    facts: { problems },
  });
}

function describe(issue: z.core.$ZodIssue, options: unknown): string {
  const path = issue.path.map(String).join('.') || 'options';
  if (issue.code === 'unrecognized_keys') {
    const names = issue.keys.map((key) => (issue.path.length > 0 ? `${path}.${key}` : key));
    return `${names.join(', ')}: unknown option`;
  }
  return `${path}: ${issue.message}; found ${render(valueAt(options, issue.path))}`;
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], root);
}

function render(value: unknown): string {
  if (typeof value === 'function') return `function ${value.name}`;
  if (typeof value === 'bigint') return `${value}n`;
  return JSON.stringify(value) ?? String(value);
}
