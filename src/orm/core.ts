/** What every session of one database shares: entities, their mappers, the SQL layer, time and randomness. */

import type { ReadView } from '../mvcc/index.js';
import type { SqlDatabase } from '../sql/index.js';
import type { Environment } from '../vfs/index.js';
import { EntityMapper, type ValueSource } from './mapping/entity-mapper.js';
import { TableLayout } from './mapping/table-layout.js';
import { UuidSource } from './mapping/uuid-source.js';
import { EntityStatements } from './query/statements.js';
import type { EntityMetadata } from './registry/entity-metadata.js';
import type { EntityRegistry } from './registry/entity-registry.js';

export class OrmCore {
  readonly registry: EntityRegistry;
  readonly sql: SqlDatabase;
  readonly #environment: Environment;
  readonly #uuids: UuidSource;
  readonly #mappers: ReadonlyMap<EntityMetadata, EntityMapper>;
  readonly #statements: ReadonlyMap<EntityMetadata, EntityStatements>;
  /** The layout last used of each entity; a change of schema replaces it. */
  readonly #layouts = new Map<EntityMetadata, TableLayout>();

  constructor(registry: EntityRegistry, sql: SqlDatabase, environment: Environment) {
    this.registry = registry;
    this.sql = sql;
    this.#environment = environment;
    this.#uuids = new UuidSource(environment.clock, environment.random);
    this.#mappers = new Map(Array.from(registry.entities, (entity) => [entity, new EntityMapper(entity)]));
    this.#statements = new Map(Array.from(registry.entities, (entity) => [entity, new EntityStatements(entity)]));
  }

  mapper(entity: EntityMetadata): EntityMapper {
    return this.#mappers.get(entity)!;
  }

  statements(entity: EntityMetadata): EntityStatements {
    return this.#statements.get(entity)!;
  }

  /** How the entity lies in its table, as `view` sees the schema. Throws when there is no such table, or it strayed. */
  layout(view: ReadView, entity: EntityMetadata): TableLayout {
    const table = this.sql.tables.resolve(view, entity.table);
    const known = this.#layouts.get(entity);
    if (known?.table === table) return known;
    const layout = new TableLayout(entity, table);
    this.#layouts.set(entity, layout);
    return layout;
  }

  /** One reading of the clock for everything an operation writes. */
  valueSource(): ValueSource {
    return { nowMs: this.#environment.clock.nowMs(), uuid: () => this.#uuids.next() };
  }
}
