/** The ORM of one open database: what the composition root holds. */

import type { Environment } from '../vfs/index.js';
import { type ReadView, Transaction, type TransactionalStore } from '../mvcc/index.js';
import type { SqlDatabase } from '../sql/index.js';
import { OrmCore } from './core.js';
import type { EntityTarget } from './entity-type.js';
import type { EntityClass } from './metadata/declaration.js';
import type { Insertable } from './query/where.js';
import { EntityRegistry } from './registry/entity-registry.js';
import { Repository, type RepositoryContext } from './repository.js';
import { synchroniseSchema } from './schema/synchronisation.js';
import { EntitySession } from './session/entity-session.js';

export class Orm {
  readonly #core: OrmCore;
  readonly #store: TransactionalStore;
  /** Sessions live as long as their transactions are reachable. */
  readonly #sessions = new WeakMap<Transaction, EntitySession>();

  /** Throws `InvalidArgumentError` listing every problem of the entities. */
  constructor(sql: SqlDatabase, store: TransactionalStore, entities: readonly EntityClass[], environment: Environment) {
    this.#core = new OrmCore(new EntityRegistry(entities), sql, environment);
    this.#store = store;
  }

  /**
   * Creates the tables and indexes that are missing, in one transaction. Throws `InvalidArgumentError` naming each
   * difference when a table is not what its entity says.
   */
  async synchronise(): Promise<void> {
    await synchroniseSchema(this.#core, this.#store);
  }

  /** `target`: undefined for the database itself. Throws `InvalidArgumentError` for a class that is not registered. */
  repository<T extends object, Insert = Insertable<T>>(
    entityClass: EntityTarget<T, Insert>,
    target?: ReadView | Transaction,
  ): Repository<T, Insert> {
    return new Repository<T, Insert>(this.#core.registry.get(entityClass), this.#context(target));
  }

  /** The unit of work of a transaction, begun on first use. */
  sessionOf(tx: Transaction): EntitySession {
    const known = this.#sessions.get(tx);
    if (known !== undefined) return known;
    const session = EntitySession.ofTransaction(this.#core, tx);
    this.#sessions.set(tx, session);
    return session;
  }

  /** Writes what the entities of `tx` have pending; undefined when it has used none. */
  flush(tx: Transaction): Promise<void> | undefined {
    return this.#sessions.get(tx)?.flush();
  }

  #context(target: ReadView | Transaction | undefined): RepositoryContext {
    if (target === undefined) return this.#databaseContext();
    if (target instanceof Transaction) {
      const run = <R>(work: (session: EntitySession) => Promise<R>): Promise<R> => work(this.sessionOf(target));
      const session = (): EntitySession => this.sessionOf(target);
      return { session, read: run, write: run, stream: (work) => work(session) };
    }
    const session = (): EntitySession => EntitySession.ofSnapshot(this.#core, target);
    const run = <R>(work: (session: EntitySession) => Promise<R>): Promise<R> => work(session());
    return { session, read: run, write: run, stream: (work) => work(session) };
  }

  #databaseContext(): RepositoryContext {
    const core = this.#core;
    const store = this.#store;
    const session = (): EntitySession => EntitySession.ofMoment(core, store.latest());
    return {
      session,
      read: (work) => work(session()),
      write: (work) => store.transaction((tx) => work(this.sessionOf(tx))),
      async *stream(work) {
        const snapshot = store.snapshot();
        try {
          yield* work(() => EntitySession.ofMoment(core, snapshot));
        } finally {
          snapshot.close();
        }
      },
    };
  }
}
