/**
 * All entities of a database, resolved and validated together when it opens. Either every entity is sound, or one
 * `InvalidArgumentError` lists every problem of all of them (`facts.problems`).
 */

import { InvalidArgumentError } from '../../base/index.js';
import { type ColumnDeclaration, type EntityClass, inheritedDeclaration } from '../metadata/declaration.js';
import { EntityDraft } from './entity-draft.js';
import type { EntityMetadata, FieldMetadata } from './entity-metadata.js';
import { type Report, resolveField } from './field-resolution.js';
import { resolveIndexes } from './index-resolution.js';
import { isForbiddenName } from './naming.js';
import { checkInverse, resolveCollection, resolveReference } from './relation-resolution.js';

export class EntityRegistry {
  readonly #entities: ReadonlyMap<EntityClass, EntityMetadata>;

  /** Throws `InvalidArgumentError` with all problems. The order of `entities` does not matter; repetitions count once. */
  constructor(entities: readonly EntityClass[]) {
    const problems: string[] = [];
    const report: Report = (place, problem) => problems.push(`${place}: ${problem}`);
    const drafts = new Map<EntityClass, EntityDraft>();
    for (const entityClass of new Set(entities)) {
      const draft = startDraft(entityClass, report);
      if (draft !== undefined) drafts.set(entityClass, draft);
    }
    resolveDrafts(drafts, report);
    if (problems.length > 0) throw unsound(problems);
    this.#entities = drafts;
  }

  get entities(): Iterable<EntityMetadata> {
    return this.#entities.values();
  }

  /** Throws `InvalidArgumentError` for a class that was not among the entities. */
  get(entityClass: EntityClass): EntityMetadata {
    const found = this.#entities.get(entityClass);
    if (found !== undefined) return found;
    const known = [...this.#entities.values()].map((entity) => entity.name);
    const name = typeof entityClass === 'function' ? entityClass.name : String(entityClass);
    throw new InvalidArgumentError(
      `${name} is not an entity of this database; give it to open() as one of entities (known: ${known.join(', ') || 'none'})`,
      { facts: { entity: name, known } },
    );
  }
}

function unsound(problems: readonly string[]): InvalidArgumentError {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  return new InvalidArgumentError(`the entities have ${count}:\n${problems.map((text) => `  - ${text}`).join('\n')}`, {
    facts: { problems },
  });
}

function startDraft(entityClass: unknown, report: Report): EntityDraft | undefined {
  if (typeof entityClass !== 'function') {
    report('entities', `expected entity classes, found ${String(entityClass)}`);
    return undefined;
  }
  const declared = inheritedDeclaration(entityClass);
  if (declared?.isEntity !== true) {
    report(entityClass.name || 'a class without name', 'it has no @Entity()');
    return undefined;
  }
  return new EntityDraft(entityClass as EntityClass, declared);
}

function resolveDrafts(drafts: ReadonlyMap<EntityClass, EntityDraft>, report: Report): void {
  // Key fields first: references take their types from them, whichever entity comes first.
  const all = [...drafts.values()];
  const keys = new Map(all.map((draft) => [draft, resolveKeys(draft, report)]));
  for (const draft of all) draft.keyFields.push(...keys.get(draft)!.values());
  for (const draft of all) resolveStored(draft, keys.get(draft)!, drafts, report);
  for (const draft of all) {
    for (const declared of draft.declared.properties) {
      if (declared.kind === 'one-to-many') resolveCollection(draft, declared, drafts, report);
    }
  }
  for (const draft of all) {
    for (const declared of draft.declared.properties) {
      if (declared.kind === 'many-to-one') checkInverse(draft, declared, report);
    }
    resolveIndexes(draft, report);
    resolveHooks(draft, report);
    checkDraft(draft, report);
  }
  checkTables(all, report);
}

/** Key fields by property. Positions count joining fields too, whose number is known by the target's declaration. */
function resolveKeys(draft: EntityDraft, report: Report): Map<string, FieldMetadata> {
  const keys = new Map<string, FieldMetadata>();
  for (const declared of draft.declared.properties) {
    if (declared.kind !== 'column' || !declared.primaryKey) continue;
    const field = resolveField(declared, keys.size, draft.place(declared.property), report);
    if (field !== undefined) keys.set(declared.property, field);
  }
  return keys;
}

/** Fields and references. Key fields come first in every row. */
function resolveStored(
  draft: EntityDraft,
  keys: ReadonlyMap<string, FieldMetadata>,
  drafts: ReadonlyMap<EntityClass, EntityDraft>,
  report: Report,
): void {
  for (const field of keys.values()) addField(draft, field, report);
  for (const declared of draft.declared.properties) {
    if (declared.kind === 'many-to-one') resolveReference(draft, declared, drafts, report);
    else if (declared.kind === 'column' && !declared.primaryKey) resolveOrdinary(draft, declared, report);
  }
}

function resolveOrdinary(draft: EntityDraft, declared: ColumnDeclaration, report: Report): void {
  const field = resolveField(declared, draft.fields.length, draft.place(declared.property), report);
  if (field !== undefined) addField(draft, field, report);
}

function addField(draft: EntityDraft, field: FieldMetadata, report: Report): void {
  draft.fields.push(field);
  draft.properties.set(field.property, field);
  if (field.role === undefined) return;
  if (draft.maintained[field.role] !== undefined) report(field.place, `the entity already has a ${field.role} column`);
  draft.maintained[field.role] = field;
}

function resolveHooks(draft: EntityDraft, report: Report): void {
  for (const { event, method } of draft.declared.hooks) {
    const methods = draft.hooks.get(event) ?? [];
    const found: unknown = (draft.entityClass.prototype as Record<string, unknown>)[method];
    if (typeof found !== 'function') report(draft.place(method), `the ${event} hook is not a method`);
    if (!methods.includes(method)) methods.push(method); // A base class and its override declare the same method.
    draft.hooks.set(event, methods);
  }
}

function checkDraft(draft: EntityDraft, report: Report): void {
  const declaresKey = draft.declared.properties.some((declared) => declared.kind === 'column' && declared.primaryKey);
  if (!declaresKey) report(draft.name, 'it has no primary key; mark a property with @PrimaryKey()');
  const properties = new Set<string>();
  for (const { property } of draft.declared.properties) {
    if (isForbiddenName(property)) report(draft.place(property), 'this name cannot be a property of an entity');
    if (properties.has(property)) report(draft.place(property), 'it is declared twice');
    properties.add(property);
  }
  const columns = new Map<string, string>();
  for (const { column, property, place } of draft.fields) {
    const other = columns.get(column);
    if (other !== undefined) report(place, `its column ${column} is also that of ${draft.place(other)}`);
    columns.set(column, property);
  }
}

/** Tables and indexes share one name space in the database. */
function checkTables(drafts: readonly EntityDraft[], report: Report): void {
  const owners = new Map<string, string>();
  for (const draft of drafts) {
    const other = owners.get(draft.table);
    if (other !== undefined) report(draft.name, `its table ${draft.table} is also that of ${other}`);
    else owners.set(draft.table, draft.name);
  }
  for (const draft of drafts) {
    for (const name of new Set(draft.indexes.map((index) => index.name))) {
      const other = owners.get(name);
      if (other === undefined) owners.set(name, draft.name);
      else if (other !== draft.name || name === draft.table) {
        report(draft.name, `its index ${name} has the name of a table or index of ${other}`);
      }
    }
  }
}
