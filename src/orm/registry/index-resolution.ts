/** Every index an entity asks for: `unique` columns, references, `@Index` on properties and on the class. */

import type { ManyToOneDeclaration } from '../metadata/declaration.js';
import type { EntityDraft } from './entity-draft.js';
import type { FieldMetadata } from './entity-metadata.js';
import type { Report } from './field-resolution.js';
import { indexName } from './naming.js';

export function resolveIndexes(draft: EntityDraft, report: Report): void {
  for (const field of draft.fields) {
    if (field.unique && !isWholeKey(draft, field)) addIndex(draft, [field], { unique: true });
  }
  for (const property of draft.declared.properties) {
    if (property.kind === 'many-to-one') addReferenceIndex(draft, property);
  }
  for (const { name, unique, properties } of draft.declared.indexes) {
    const fields = properties.flatMap((property) => fieldsOf(draft, property, report));
    if (fields.length === 0) continue;
    const json = fields.find((field) => field.type.category === 'json');
    if (json === undefined) addIndex(draft, fields, { name, unique });
    else report(json.place, `a column of type ${json.type.name} cannot be indexed`);
  }
  reportDuplicates(draft, report);
}

function isWholeKey(draft: EntityDraft, field: FieldMetadata): boolean {
  return field.primaryKey && draft.keyFields.length === 1;
}

/** A reference that stands in the class's own `@Index()` gets that one instead of its automatic one. */
function addReferenceIndex(draft: EntityDraft, declared: ManyToOneDeclaration): void {
  const reference = draft.properties.get(declared.property);
  if (reference?.kind !== 'reference' || !(declared.indexed || declared.unique)) return;
  const explicit = draft.declared.indexes.some(({ properties }) => properties.join() === declared.property);
  if (!explicit || declared.unique) addIndex(draft, reference.fields, { unique: declared.unique });
}

function fieldsOf(draft: EntityDraft, property: string, report: Report): readonly FieldMetadata[] {
  const found = draft.properties.get(property);
  if (found?.kind === 'field') return [found];
  if (found?.kind === 'reference') return found.fields;
  const declared = draft.declared.properties.some((other) => other.property === property);
  if (found?.kind === 'collection') report(draft.place(property), 'a collection has no column to index');
  // A declared property that did not resolve has its own problem in the list already.
  else if (!declared) report(draft.name, `@Index names ${property}, which is not a property of the entity`);
  return [];
}

function addIndex(
  draft: EntityDraft,
  fields: readonly FieldMetadata[],
  { name, unique }: { name?: string | undefined; unique: boolean },
): void {
  const columns = fields.map((field) => field.column);
  draft.indexes.push({ name: name ?? indexName(draft.table, columns, unique), unique, columns });
}

function reportDuplicates(draft: EntityDraft, report: Report): void {
  const seen = new Set<string>();
  for (const { name } of draft.indexes) {
    if (seen.has(name)) report(draft.name, `two indexes are named ${name}`);
    seen.add(name);
  }
}
