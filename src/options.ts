/**
 * Everything `open` accepts: an interface for people, and a schema that enforces it. Defaults are those of `settings.ts`;
 * the layers below receive complete settings.
 */

import { z } from 'zod';
import { InvalidArgumentError } from './base/index.js';
import type { EntityClass } from './orm/index.js';
import { type DatabaseSettings, DEFAULT_SETTINGS as DEFAULTS } from './settings.js';
import { CACHE_POLICIES, CACHED_BLOCKS_MAX, type EngineEvent } from './storage/index.js';
import type { Environment } from './vfs/index.js';

/**
 * What `open` takes. Sizes are in bytes; every option may be left out. What an option may be is checked when the database
 * is opened, all of them at once; see `parseOptions`.
 */
export interface DatabaseOptions {
  /**
   * Writes nothing but the lock file (and not even that on a file system that takes no writes). Fails where there is no
   * database. Default: false.
   */
  readonly readOnly?: boolean | undefined;
  /** Creates the directory and the database where there is none. Default: true. */
  readonly createIfMissing?: boolean | undefined;
  /** The write-ahead log. */
  readonly wal?:
    | {
        /**
         * When commits are put on the device. `'commit'`: before each is acknowledged. `{ everyMs }`, 1 to 3,600,000, and
         * `{ everyCommits }`, 1 to 1,000,000: a power cut may take that much with it. `'manual'`: by `db.sync()` alone. A
         * kill of the process takes nothing that was acknowledged, in any mode. Default: 'commit'.
         */
        readonly sync?:
          | 'commit'
          | 'manual'
          | { readonly everyMs: number }
          | { readonly everyCommits: number }
          | undefined;
      }
    | undefined;
  /**
   * Newest writes kept in memory before they go to a table file; memory and the time a recovery takes grow with it. 4 KiB
   * to 1 GiB. Default: 8 MiB.
   */
  readonly memtableBytes?: number | undefined;
  /** Large values, which are written once: they stay in the log where the commit put them. */
  readonly valueLog?:
    | {
        /** Values from this size on are kept out of tables. 0 (all) to `Infinity` (none). Default: 4 KiB. */
        readonly thresholdBytes?: number | undefined;
        /** How much of them one file gathers at most, before a flush. 4 KiB to 4 GiB. Default: 64 MiB. */
        readonly segmentBytes?: number | undefined;
        /** A file is emptied when this part of it is garbage, later while there is room (docs/adr/0025). 0.05 to 0.95. Default: 0.5. */
        readonly garbageRatio?: number | undefined;
        /** LZ4 for each of them, kept where it saves an eighth: `'none'` or `'lz4'`. Default: 'none'. */
        readonly compression?: 'lz4' | 'none' | undefined;
      }
    | undefined;
  /** Size of a table's data block before compression: what one read fetches. 128 bytes to 1 MiB. Default: 4 KiB. */
  readonly blockBytes?: number | undefined;
  /** Size at which a merge begins another table file. 1 KiB to 4 GiB. Default: 8 MiB. */
  readonly tableBytes?: number | undefined;
  /** Table blocks kept in memory. */
  readonly blockCache?:
    | {
        /**
         * 0 to 64 GiB, at most 2^24 times `blockBytes`, taken as it fills; `'auto'` is an eighth of the memory that there
         * is for the process, from 64 MiB to 2 GiB. Default: 'auto'.
         */
        readonly bytes?: number | 'auto' | undefined;
        /** Which block leaves a full cache. Default: 'sieve'. */
        readonly policy?: 'sieve' | 'lru' | 'arc' | 'tinylfu' | undefined;
      }
    | undefined;
  /** Bits per key of each table's Bloom filter, which spares reads of keys that are not there. 0 (none) to 32. Default: 10. */
  readonly bloomBitsPerKey?: number | undefined;
  /** Of table blocks. `'lz4'` needs the optional package `lz4-napi`; without it blocks stay as they are. Default: 'lz4'. */
  readonly compression?: 'lz4' | 'none' | undefined;
  /** When tables are merged. */
  readonly compaction?:
    | {
        /**
         * `'leveled'`: one sorted run per level, for reading and little space. `'tiered'`: `sizeRatio - 1` runs per level,
         * for writing. `'lazy-leveled'`: tiered, except for the largest level. Default: 'leveled'.
         */
        readonly policy?: 'leveled' | 'tiered' | 'lazy-leveled' | undefined;
        /** How many freshly written tables start a merge. 2 to 64. Default: 4. */
        readonly level0Runs?: number | undefined;
        /**
         * What the freshly written tables hold by then; the first merged level may hold `sizeRatio` times as much. 1 KiB to
         * 1 TiB. Default: 32 MiB.
         */
        readonly levelBaseBytes?: number | undefined;
        /** How many times larger each level may be than the one above it. 2 to 100. Default: 10. */
        readonly sizeRatio?: number | undefined;
        /** What flushes and merges together may write; only merges wait for it. 1 KiB to 1 TiB. Default: none. */
        readonly bytesPerSecond?: number | undefined;
      }
    | undefined;
  /**
   * Where flushes and merges run: `'worker'` in a thread of their own, `'inline'` between the other work of this one. A
   * database in memory, or on a file system passed as `environment`, is always served inline. Default: 'worker'.
   */
  readonly background?: 'worker' | 'inline' | undefined;
  /**
   * What stays readable of the past: `{ ms }`, 1 to 10^12: every state of so long ago; `{ versions }`, 1 to 1,000,000: the
   * newest versions of each key, deletions counted, and with them every state since one was dropped. Open snapshots and
   * readers of changes keep what they need in any case. Default: none.
   */
  readonly history?: { readonly ms: number } | { readonly versions: number } | undefined;
  /**
   * Calls of the database inside the body of a transaction work in that transaction, and a transaction there is a savepoint
   * of it; `db.currentTransaction` tells which it is. By `AsyncLocalStorage`, which makes every promise of the process
   * dearer. Default: false.
   */
  readonly ambientTransactions?: boolean | undefined;
  /** Messages of conflicts name the keys. They may end in logs, so only where keys are no secrets. Default: false. */
  readonly keysInErrors?: boolean | undefined;
  /** Beyond these a write is refused with `LimitError`, before anything of it is stored. */
  readonly limits?:
    | {
        /** Largest stored key, its keyspace or table prefix included. 16 bytes to 1 MiB. Default: 64 KiB. */
        readonly keyBytes?: number | undefined;
        /** Largest stored value. 16 bytes to 1 GiB. Default: 64 MiB. */
        readonly valueBytes?: number | undefined;
        /**
         * Largest commit, encoded; and what commits that wait for the log may hold together (16 MiB at least), so that writes
         * which nobody awaits do not fill the memory. 1 KiB to 1 GiB. Default: 256 MiB.
         */
        readonly batchBytes?: number | undefined;
        /** Largest write buffer of one transaction. 1 KiB to 1 GiB. Default: 256 MiB. */
        readonly transactionBytes?: number | undefined;
        /**
         * Memory for the keys of recent commits; a transaction that began before what they cover ends in `ConflictError`.
         * 64 KiB to 1 GiB. Default: 32 MiB.
         */
        readonly recentCommitBytes?: number | undefined;
        /**
         * Snapshots, transactions and readers of changes open for longer are reported, once each, as events of the type `leak`
         * with the stack of the call that opened them; and so is what was never closed, when the database is, or when it is
         * collected as garbage. Costs some microseconds for each. 1 to 2^31. Default: none.
         */
        readonly snapshotAgeMs?: number | undefined;
        /** A transaction open for longer is rolled back with `LimitError`. 1 to 2^31. Default: none. */
        readonly transactionAgeMs?: number | undefined;
      }
    | undefined;
  readonly sql?:
    | {
        /** Statements kept parsed and planned, by their text. 0 to 1,000,000. Default: 512. */
        readonly statementCacheSize?: number | undefined;
        /** Beyond these a statement is refused with `LimitError`. */
        readonly limits?:
          | {
              /** Longest text, in UTF-16 code units. 1 to 2^28. Default: 1,048,576. */
              readonly textLength?: number | undefined;
              /** Most tokens in a text. 1 to 10,000,000. Default: 100,000. */
              readonly tokens?: number | undefined;
              /** Deepest nesting of expressions and queries. 1 to 1,000. Default: 100. */
              readonly depth?: number | undefined;
              /** Memory of one statement's sorts, groups, hash tables and subqueries. 1 KiB to 1 TiB. Default: 256 MiB. */
              readonly memoryBytes?: number | undefined;
              /** Most rows in one result; `iterate` has no limit. 1 to 2^31. Default: 1,000,000. */
              readonly resultRows?: number | undefined;
              /** Largest result; text counts two bytes per code unit. 1 KiB to 1 TiB. Default: 512 MiB. */
              readonly resultBytes?: number | undefined;
            }
          | undefined;
      }
    | undefined;
  /** Entity classes and definitions: their tables are created, or compared with the stored ones, on open. Default: none. */
  readonly entities?: readonly EntityClass[] | undefined;
  /**
   * Called with every engine event (flush, compaction, stall, recovery, failure) as plain data, in a turn of the event loop
   * of its own. The same events are published on the diagnostics channels `varve:flush`, `varve:compaction` and so on.
   * Default: none.
   */
  readonly listener?: ((event: EngineEvent) => void) | undefined;
  /** Replacements for parts of the machine: file system, clock, randomness, scheduler. Meant for tests and simulations. */
  readonly environment?: Partial<Environment> | undefined;
}

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

const historySchema = z.union(
  [z.strictObject({ ms: count(1, 1e12) }), z.strictObject({ versions: count(1, 1_000_000) })],
  'must be { ms: 1 … 1000000000000 } or { versions: 1 … 1000000 }',
);

const compactionSchema = z.strictObject({
  policy: z.enum(['leveled', 'tiered', 'lazy-leveled']).default(DEFAULTS.compaction.policy),
  level0Runs: count(2, 64).default(DEFAULTS.compaction.level0Runs),
  levelBaseBytes: bytes(1 * KIB, 2 ** 40).default(DEFAULTS.compaction.levelBaseBytes),
  sizeRatio: count(2, 100).default(DEFAULTS.compaction.sizeRatio),
  bytesPerSecond: bytes(1 * KIB, 2 ** 40).optional(),
});

const limitsSchema = z.strictObject({
  keyBytes: bytes(16, 1 * MIB).default(DEFAULTS.limits.keyBytes),
  valueBytes: bytes(16, 1024 * MIB).default(DEFAULTS.limits.valueBytes),
  batchBytes: bytes(1 * KIB, 1024 * MIB).default(DEFAULTS.limits.batchBytes),
  transactionBytes: bytes(1 * KIB, 1024 * MIB).default(DEFAULTS.limits.transactionBytes),
  recentCommitBytes: bytes(64 * KIB, 1024 * MIB).default(DEFAULTS.limits.recentCommitBytes),
  snapshotAgeMs: count(1, 2 ** 31).optional(),
  transactionAgeMs: count(1, 2 ** 31).optional(),
});

const sqlSchema = z.strictObject({
  statementCacheSize: count(0, 1_000_000).default(DEFAULTS.sql.statementCacheSize),
  limits: z
    .strictObject({
      textLength: count(1, 2 ** 28).default(DEFAULTS.sql.limits.textLength),
      tokens: count(1, 10_000_000).default(DEFAULTS.sql.limits.tokens),
      depth: count(1, 1000).default(DEFAULTS.sql.limits.depth),
      memoryBytes: bytes(1 * KIB, 2 ** 40).default(DEFAULTS.sql.limits.memoryBytes),
      resultRows: count(1, 2 ** 31).default(DEFAULTS.sql.limits.resultRows),
      resultBytes: bytes(1 * KIB, 2 ** 40).default(DEFAULTS.sql.limits.resultBytes),
    })
    .prefault({}),
});

const databaseOptionsSchema = z.strictObject({
  readOnly: z.boolean().default(DEFAULTS.readOnly),
  createIfMissing: z.boolean().default(DEFAULTS.createIfMissing),
  wal: z
    .strictObject({
      sync: walSync.default(DEFAULTS.wal.sync),
    })
    .prefault({}),
  memtableBytes: bytes(4 * KIB, 1024 * MIB).default(DEFAULTS.memtableBytes),
  valueLog: z
    .strictObject({
      thresholdBytes: z
        .union([bytes(0, 1024 * MIB), z.literal(Number.POSITIVE_INFINITY)])
        .default(DEFAULTS.valueLog.thresholdBytes),
      segmentBytes: bytes(4 * KIB, 4096 * MIB).default(DEFAULTS.valueLog.segmentBytes),
      garbageRatio: z.number().min(0.05).max(0.95).default(DEFAULTS.valueLog.garbageRatio),
      compression: z.enum(['lz4', 'none']).default(DEFAULTS.valueLog.compression),
    })
    .prefault({}),
  blockBytes: bytes(128, 1 * MIB).default(DEFAULTS.blockBytes),
  tableBytes: bytes(1 * KIB, 4096 * MIB).default(DEFAULTS.tableBytes),
  blockCache: z
    .strictObject({
      bytes: z.union([z.literal('auto'), bytes(0, 64 * 1024 * MIB)]).default(DEFAULTS.blockCache.bytes),
      policy: z.enum(CACHE_POLICIES).default(DEFAULTS.blockCache.policy),
    })
    .prefault({}),
  bloomBitsPerKey: count(0, 32).default(DEFAULTS.bloomBitsPerKey),
  compression: z.enum(['lz4', 'none']).default(DEFAULTS.compression),
  compaction: compactionSchema.prefault({}),
  background: z.enum(['worker', 'inline']).default(DEFAULTS.background),
  history: historySchema.optional(),
  ambientTransactions: z.boolean().default(DEFAULTS.ambientTransactions),
  keysInErrors: z.boolean().default(DEFAULTS.keysInErrors),
  limits: limitsSchema.prefault({}),
  sql: sqlSchema.prefault({}),
  entities: z
    .array(z.custom<EntityClass>((value) => typeof value === 'function', 'must be an entity class or definition'))
    .default([]),
  listener: z
    .custom<(event: EngineEvent) => void>((value) => typeof value === 'function', 'must be a function')
    .optional(),
  environment: z
    .custom<Partial<Environment>>((value) => typeof value === 'object' && value !== null, 'must be an object')
    .optional(),
});

/** The schema, and what options mean for one another. */
const consistentSchema = databaseOptionsSchema.superRefine(({ blockBytes, blockCache }, context) => {
  const bytesMax = CACHED_BLOCKS_MAX * blockBytes;
  if (blockCache.bytes === 'auto' || blockCache.bytes <= bytesMax) return;
  const message = `must be at most ${bytesMax} bytes with blockBytes ${blockBytes}`;
  context.addIssue({ code: 'custom', path: ['blockCache', 'bytes'], message });
});

/** Every option by its path, none left out, so that a name missing on either side cannot pass for an optional one. */
type Complete<T> = T extends readonly (infer E)[]
  ? readonly E[]
  : T extends (...args: never[]) => unknown
    ? T
    : T extends object
      ? { readonly [K in keyof T]-?: Complete<Exclude<T[K], undefined>> }
      : T;
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

type Taken = z.input<typeof databaseOptionsSchema>;

/** Does not compile unless the schema takes exactly what `DatabaseOptions` says. */
const agreedSchema: Same<Complete<Taken>, Complete<DatabaseOptions>> extends true ? typeof consistentSchema : never =
  consistentSchema;

/** Applies defaults. Throws one `InvalidArgumentError` that lists every problem, `facts.problems`. */
export function parseOptions(options: unknown): DatabaseSettings {
  const parsed = agreedSchema.safeParse(options ?? {});
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
