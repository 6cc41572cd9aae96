/** Links relations between entity drafts, in two steps: references first, then the collections that mirror them. */

import type {
  EntityClass,
  ManyToOneDeclaration,
  OneToManyDeclaration,
  PropertySelector,
} from '../metadata/declaration.js';
import type { EntityDraft } from './entity-draft.js';
import type { FieldMetadata, ReferenceMetadata } from './entity-metadata.js';
import type { Report } from './field-resolution.js';
import { snakeCase } from './naming.js';

export type DraftsByClass = ReadonlyMap<EntityClass, EntityDraft>;

/** Adds the reference and its joining fields to `owner`; the target's key fields must be known. */
export function resolveReference(
  owner: EntityDraft,
  declared: ManyToOneDeclaration,
  drafts: DraftsByClass,
  report: Report,
): void {
  const place = owner.place(declared.property);
  const target = resolveTarget(declared.target, place, drafts, report);
  if (target === undefined || target.keyFields.length === 0) return;
  const { columns } = declared;
  if (columns !== undefined && columns.length !== target.keyFields.length) {
    report(
      place,
      `names ${columns.length} columns, but the primary key of ${target.name} has ${target.keyFields.length}`,
    );
    return;
  }
  const fields: FieldMetadata[] = [];
  const reference: ReferenceMetadata = {
    kind: 'reference',
    property: declared.property,
    owner,
    target,
    nullable: declared.nullable,
    cascadePersist: declared.cascade.includes('persist'),
    fields,
    place,
  };
  for (const [i, keyField] of target.keyFields.entries()) {
    fields.push({
      kind: 'field',
      position: owner.fields.length,
      property: declared.property,
      column: columns?.[i] ?? `${snakeCase(declared.property)}_${keyField.column}`,
      type: keyField.type,
      nullable: declared.nullable,
      unique: false,
      primaryKey: false,
      generated: undefined,
      defaultValue: undefined,
      defaultFactory: undefined,
      role: undefined,
      place,
      joins: { reference, keyField },
    });
    owner.fields.push(fields[i]!);
  }
  owner.references.push(reference);
  owner.properties.set(declared.property, reference);
}

/** Adds the collection to `owner`; all references must be known. */
export function resolveCollection(
  owner: EntityDraft,
  declared: OneToManyDeclaration,
  drafts: DraftsByClass,
  report: Report,
): void {
  const place = owner.place(declared.property);
  const target = resolveTarget(declared.target, place, drafts, report);
  if (target === undefined) return;
  const inverse = selectedProperty(declared.inverse);
  const mappedBy = inverse === undefined ? undefined : target.properties.get(inverse);
  if (mappedBy?.kind !== 'reference' || mappedBy.target !== owner) {
    const back = target.references.filter((reference) => reference.target === owner).map(({ property }) => property);
    const known = back.length === 0 ? 'it has none' : `it has ${back.join(', ')}`;
    report(place, `its inverse must be a @ManyToOne of ${target.name} to ${owner.name}; found ${inverse}, ${known}`);
    return;
  }
  const collection = {
    kind: 'collection',
    property: declared.property,
    owner,
    target,
    mappedBy,
    cascadePersist: declared.cascade.includes('persist'),
    cascadeRemove: declared.cascade.includes('remove'),
    place,
  } as const;
  owner.collections.push(collection);
  owner.properties.set(declared.property, collection);
}

/** A `ManyToOne` that names its mirror must be the one the mirror names. */
export function checkInverse(owner: EntityDraft, declared: ManyToOneDeclaration, report: Report): void {
  const reference = owner.properties.get(declared.property);
  if (declared.inverse === undefined || reference?.kind !== 'reference') return;
  const inverse = selectedProperty(declared.inverse);
  const mirror = inverse === undefined ? undefined : reference.target.properties.get(inverse);
  if (mirror?.kind === 'collection' && mirror.mappedBy === reference) return;
  report(
    owner.place(declared.property),
    `its inverse must be the @OneToMany of ${reference.target.name} that mirrors it; found ${inverse}`,
  );
}

function resolveTarget(
  thunk: () => EntityClass,
  place: string,
  drafts: DraftsByClass,
  report: Report,
): EntityDraft | undefined {
  let target: unknown;
  try {
    target = thunk();
  } catch (cause) {
    report(place, `its target cannot be resolved: ${cause instanceof Error ? cause.message : String(cause)}`);
    return undefined;
  }
  if (typeof target !== 'function') {
    report(place, `its target must be a function that returns an entity class; it returned ${String(target)}`);
    return undefined;
  }
  const draft = drafts.get(target as EntityClass);
  if (draft === undefined) report(place, `its target ${target.name} is not among the entities of this database`);
  return draft;
}

/** The property that a selector touches; undefined unless it touches exactly one. */
function selectedProperty(selector: string | PropertySelector): string | undefined {
  if (typeof selector === 'string') return selector;
  const touched: string[] = [];
  const recorder = new Proxy(Object.create(null) as object, {
    get: (_, property) => {
      touched.push(String(property));
      return undefined;
    },
  });
  try {
    selector(recorder as never);
  } catch {
    return undefined; // It went on from the property, as in (post) => post.author.id: not a selector of one property.
  }
  return touched.length === 1 ? touched[0] : undefined;
}
