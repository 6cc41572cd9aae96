/** The names in a definition of an entity, checked as a whole: one error lists every one that nothing would read. */

import { checkCascade, MANY_TO_ONE_OPTIONS, ONE_TO_MANY_OPTIONS } from './decorators/relation.js';
import { ROLE_TYPES } from './decorators/maintained-column.js';
import type {
  EntityDefinition,
  MaintainedColumn,
  ManyToOneRelation,
  OneToManyRelation,
  ValueColumn,
} from './define-entity.js';
import { type KnownNames, NameCheck } from './known-names.js';
import type { HookEvent } from './metadata/declaration.js';

type Definition = EntityDefinition<{}, {}>;

const DEFINITION: KnownNames<Definition> = {
  name: true,
  table: true,
  columns: true,
  relations: true,
  indexes: true,
  hooks: true,
};
const VALUE_COLUMN: KnownNames<ValueColumn> = {
  type: true,
  name: true,
  nullable: true,
  unique: true,
  length: true,
  default: true,
  primaryKey: true,
  generated: true,
};
const MAINTAINED_COLUMN: KnownNames<MaintainedColumn> = { role: true, name: true };
const MANY_TO_ONE: KnownNames<ManyToOneRelation> = { kind: true, target: true, inverse: true, ...MANY_TO_ONE_OPTIONS };
const ONE_TO_MANY: KnownNames<OneToManyRelation> = { kind: true, target: true, inverse: true, ...ONE_TO_MANY_OPTIONS };
const RELATIONS = { 'many-to-one': MANY_TO_ONE, 'one-to-many': ONE_TO_MANY } as const;
const INDEX: KnownNames<NonNullable<Definition['indexes']>[number]> = { properties: true, unique: true, name: true };
const HOOKS: Readonly<Record<HookEvent, true>> = {
  beforeInsert: true,
  afterInsert: true,
  beforeUpdate: true,
  afterUpdate: true,
  beforeRemove: true,
  afterRemove: true,
  afterLoad: true,
};

/** Throws `InvalidArgumentError` (`facts.problems`). The compiler says the same to callers that it sees. */
export function checkDefinition(definition: unknown): void {
  const check = new NameCheck();
  check.object('an entity definition', definition, DEFINITION);
  check.throwIfAny();
  const { name, columns, relations, indexes, hooks } = definition as Record<string, unknown>;
  if (typeof name !== 'string' || name === '') check.problem('an entity definition needs a name');
  const subject = String(name);
  for (const [property, column] of entries(check, `columns of ${subject}`, columns)) {
    checkColumn(check, `${subject}.${property}`, column);
  }
  for (const [property, relation] of entries(check, `relations of ${subject}`, relations ?? {})) {
    checkRelation(check, `${subject}.${property}`, relation);
  }
  for (const [at, index] of entries(check, `indexes of ${subject}`, indexes ?? [])) {
    checkIndex(check, `index ${at} of ${subject}`, index);
  }
  if (hooks !== undefined) check.object(`hooks of ${subject}`, hooks, HOOKS);
  check.throwIfAny();
}

function entries(check: NameCheck, subject: string, value: unknown): [string, unknown][] {
  if (typeof value === 'object' && value !== null) return Object.entries(value);
  check.problem(`${subject} must be an object, found ${String(value)}`);
  return [];
}

function checkColumn(check: NameCheck, place: string, column: unknown): void {
  const isMaintained = typeof column === 'object' && column !== null && 'role' in column;
  if (!check.object(place, column, isMaintained ? MAINTAINED_COLUMN : VALUE_COLUMN)) return;
  if (isMaintained) check.oneOf(`role of ${place}`, column.role, ROLE_TYPES);
}

function checkRelation(check: NameCheck, place: string, relation: unknown): void {
  const { kind, target, cascade } = Object(relation) as Record<string, unknown>;
  if (kind !== 'many-to-one' && kind !== 'one-to-many') {
    check.oneOf(`kind of ${place}`, kind, RELATIONS);
    return;
  }
  check.object(place, relation, RELATIONS[kind]);
  checkCascade(check, place, kind, cascade);
  if (typeof target !== 'function') check.problem(`target of ${place} must be a function that returns an entity class`);
}

function checkIndex(check: NameCheck, subject: string, index: unknown): void {
  if (!check.object(subject, index, INDEX)) return;
  const { properties } = index as Record<string, unknown>;
  if (!Array.isArray(properties)) check.problem(`properties of ${subject} must be a list of names`);
}
