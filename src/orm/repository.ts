/**
 * The entities of one class, seen from one place: the database itself (each call is a transaction or a read of the newest
 * state, and entities are detached from it), a transaction (each row is one instance, and what changes on it is written
 * before the commit), or a snapshot (reads only).
 */

import { InvalidArgumentError } from '../base/index.js';
import type { ExpiryOptions } from '../mvcc/index.js';
import { type KnownNames, requireKnownNames } from './known-names.js';
import type { EntityMetadata } from './registry/entity-metadata.js';
import type { QueryOptions } from './query/statements.js';
import type { EntitySession } from './session/entity-session.js';
import type { FindOneOptions, FindOptions, Insertable, LoadOptions, Patch, Where } from './query/where.js';

/** Where a repository works. */
export interface RepositoryContext {
  /** For work without reading or writing. */
  session(): EntitySession;
  read<R>(work: (session: EntitySession) => Promise<R>): Promise<R>;
  /** `work` may run again after a conflict. */
  write<R>(work: (session: EntitySession) => Promise<R>): Promise<R>;
  /** Runs `work` batch by batch over one state of the database. */
  stream<R>(work: (session: () => EntitySession) => AsyncIterable<R>): AsyncIterable<R>;
}

/** A primary key: its value, or for a composite key an object with its properties. */
export type EntityId<T> = string | number | bigint | Date | Uint8Array | Partial<T>;

export interface CountOptions {
  /** Include softly deleted rows. Default: false. */
  readonly withDeleted?: boolean;
}

export interface IterateOptions<T> extends LoadOptions<T> {
  readonly where?: Where<T>;
  /** Rows read at a time. Default: 1000. */
  readonly batchSize?: number;
}

const BATCH_SIZE_DEFAULT = 1000;

const EXPIRY_OPTIONS: KnownNames<ExpiryOptions> = { ttlMs: true, expiresAt: true };
const COUNT_OPTIONS: KnownNames<CountOptions> = { withDeleted: true };
const LOAD_OPTIONS: KnownNames<LoadOptions<object>> = { with: true, ...COUNT_OPTIONS };
const FIND_ONE_OPTIONS: KnownNames<FindOneOptions<object>> = { ...LOAD_OPTIONS, orderBy: true };
const FIND_OPTIONS: KnownNames<FindOptions<object>> = { where: true, ...FIND_ONE_OPTIONS, limit: true, offset: true };
const ITERATE_OPTIONS: KnownNames<IterateOptions<object>> = { where: true, ...LOAD_OPTIONS, batchSize: true };

export class Repository<T extends object, Insert = Insertable<T>> {
  readonly #entity: EntityMetadata;
  readonly #context: RepositoryContext;

  constructor(entity: EntityMetadata, context: RepositoryContext) {
    this.#entity = entity;
    this.#context = context;
  }

  /**
   * Adds rows and returns their entities with all generated values: of many, all or none. Plain objects may leave out
   * whatever has a default; unknown properties are refused. Throws `ConstraintError` (23502, 23505).
   *
   * With `ttlMs` or `expiresAt` the rows end, with their index entries, as values of keys do. Later changes keep that, unless a
   * `save` is given another end. Throws `InvalidArgumentError` for one that is past, is no time at all, or is said twice.
   */
  insert(values: Insert | T, options?: ExpiryOptions): Promise<T>;
  insert(values: readonly (Insert | T)[], options?: ExpiryOptions): Promise<T[]>;
  async insert(values: Insert | T | readonly (Insert | T)[], options: ExpiryOptions = {}): Promise<T | T[]> {
    this.#checkOptions('insert', options, EXPIRY_OPTIONS);
    const list = (Array.isArray(values) ? values : [values]) as object[];
    const inserted = await this.#context.write((session) => session.insert(this.#entity, list, options));
    return (Array.isArray(values) ? inserted : inserted[0]) as T | T[];
  }

  /**
   * Inserts entities that are new and updates those that have a row, with everything that `persist` cascades to. Resolves
   * with what it was given. Throws `ConflictError` when a versioned entity's row has moved on since it was loaded.
   *
   * With `ttlMs` or `expiresAt` their rows end, changed or not; of others, that a cascade reaches, the end stays what it was.
   */
  save(entity: T, options?: ExpiryOptions): Promise<T>;
  save(entities: readonly T[], options?: ExpiryOptions): Promise<T[]>;
  async save(entities: T | readonly T[], options: ExpiryOptions = {}): Promise<T | readonly T[]> {
    this.#checkOptions('save', options, EXPIRY_OPTIONS);
    const list = (Array.isArray(entities) ? entities : [entities]) as object[];
    await this.#context.write((session) => session.save(this.#entity, list, options));
    return entities;
  }

  /** When the row of this key ends; undefined when it does not, or there is none. */
  async expiresAt(id: EntityId<T>): Promise<Date | undefined> {
    const expiresAtMs = await this.#context.read(async (session) => session.expiryById(this.#entity, id));
    return expiresAtMs === undefined ? undefined : new Date(expiresAtMs);
  }

  /** Straight to the key. Undefined when there is no such row, or it is softly deleted. */
  async findById(id: EntityId<T>, options: LoadOptions<T> = {}): Promise<T | undefined> {
    this.#checkOptions('findById', options, LOAD_OPTIONS);
    return (await this.#context.read((session) => session.findById(this.#entity, id, options))) as T | undefined;
  }

  /**
   * An entity that stands for the row of this key, without reading it: to refer to it, or to change or remove it without
   * having looked (which versioned entities do not allow). `isLoaded` tells it from a loaded one.
   */
  reference(id: EntityId<T>): T {
    return this.#context.session().reference(this.#entity, id) as T;
  }

  /** The first match in the order asked for; `{}` matches every row. */
  async findOne(where: Where<T>, options: FindOneOptions<T> = {}): Promise<T | undefined> {
    requireWhere(where, 'findOne');
    this.#checkOptions('findOne', options, FIND_ONE_OPTIONS);
    const [first] = await this.find({ ...options, where, limit: 1 });
    return first;
  }

  /** All matches, in no particular order unless asked for one. Without `where`: all rows. */
  async find(options: FindOptions<T> = {}): Promise<T[]> {
    this.#checkOptions('find', options, FIND_OPTIONS);
    return (await this.#context.read((session) => session.find(this.#entity, options))) as T[];
  }

  /** Matching rows; without arguments, all rows. */
  count(): Promise<number>;
  count(where: Where<T>, options?: CountOptions): Promise<number>;
  async count(...parameters: readonly [where?: Where<T>, options?: CountOptions]): Promise<number> {
    const query = this.#probing('count', parameters);
    return this.#context.read((session) => session.count(this.#entity, query));
  }

  /** Whether any row matches; without arguments, whether there is any row. */
  exists(): Promise<boolean>;
  exists(where: Where<T>, options?: CountOptions): Promise<boolean>;
  async exists(...parameters: readonly [where?: Where<T>, options?: CountOptions]): Promise<boolean> {
    const query = this.#probing('exists', parameters);
    return this.#context.read((session) => session.exists(this.#entity, query));
  }

  /**
   * Changes all matching rows in one statement and resolves with their number. Raises versions and sets update times;
   * runs no hooks.
   */
  async update(where: Where<T>, patch: Patch<T>): Promise<number> {
    requireWhere(where, 'update');
    return this.#context.write((session) => session.update(this.#entity, where, patch));
  }

  /** Removes all matching rows (softly, where the entity is) and resolves with their number; no hooks, no cascades. */
  async delete(where: Where<T>): Promise<number> {
    requireWhere(where, 'delete');
    return this.#context.write((session) => session.delete(this.#entity, where));
  }

  /**
   * Removes entities (softly, where the entity is) with everything that `remove` cascades to. A row that is gone already
   * is no error, except for versioned entities: they throw `ConflictError` whenever the row is not the one they loaded.
   */
  async remove(entities: T | readonly T[]): Promise<void> {
    const list = (Array.isArray(entities) ? entities : [entities]) as object[];
    await this.#context.write((session) => session.remove(this.#entity, list));
  }

  /**
   * All matches in the order of the primary key, read a batch at a time from one state of the database. A transaction sees
   * its own changes meanwhile, and goes on knowing the entities it has seen.
   */
  iterate(options: IterateOptions<T> = {}): AsyncIterable<T> {
    this.#checkOptions('iterate', options, ITERATE_OPTIONS);
    const { batchSize = BATCH_SIZE_DEFAULT, ...query } = options;
    if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
      throw new InvalidArgumentError(`batchSize must be a positive number of rows, found ${String(batchSize)}`, {
        facts: { option: 'batchSize', found: batchSize },
      });
    }
    const batches = this.#context.stream((session) => iterateByKey(this.#entity, session, query, batchSize));
    return batches as AsyncIterable<T>;
  }

  /** Writes what changed on entities of the transaction now instead of before the commit. Elsewhere nothing is pending. */
  async flush(): Promise<void> {
    await this.#context.read((session) => session.flush());
  }

  /** An undefined `where` is refused: a variable that was never set must not mean every row. */
  #probing(operation: string, parameters: readonly [where?: Where<T>, options?: CountOptions]): QueryOptions {
    const [where, options = {}] = parameters;
    if (parameters.length > 0) requireWhere(where, operation);
    this.#checkOptions(operation, options, COUNT_OPTIONS);
    return { ...options, where };
  }

  #checkOptions<Options extends object>(operation: string, options: Options, known: KnownNames<Options>): void {
    requireKnownNames(`options of ${operation}`, options, known);
    const { where, withDeleted } = options as { where?: unknown; withDeleted?: unknown };
    if ('where' in options && where === undefined) requireWhere(where, operation);
    if (withDeleted === undefined || typeof withDeleted === 'boolean') return;
    throw new InvalidArgumentError(`withDeleted of ${operation} must be true or false, found a ${typeof withDeleted}`, {
      facts: { option: 'withDeleted', found: withDeleted },
    });
  }
}

function requireWhere(where: unknown, operation: string): void {
  if (typeof where === 'object' && where !== null) return;
  throw new InvalidArgumentError(`${operation} needs a where-object, found ${String(where)}; {} means every row`, {
    facts: { operation },
  });
}

/** Every batch starts after the last key of the one before it. */
async function* iterateByKey(
  entity: EntityMetadata,
  session: () => EntitySession,
  query: { readonly where?: unknown },
  batchSize: number,
): AsyncGenerator<object> {
  let after: object | undefined;
  for (;;) {
    const batch = await session().findBatch(entity, query, { after, limit: batchSize });
    yield* batch;
    if (batch.length < batchSize) return;
    after = batch.at(-1);
  }
}
