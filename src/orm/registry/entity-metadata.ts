/**
 * Entities as the rest of the ORM sees them: validated, named, linked to each other, immutable once the registry has
 * built them. A field is one stored column; a property is what the entity shows: a field, a reference (`ManyToOne`,
 * stored in one field per key field of its target) or a collection (`OneToMany`, stored nowhere).
 */

import type { SqlType, SqlValue } from '../../sql/index.js';
import type { ColumnRole, EntityClass, HookEvent } from '../metadata/declaration.js';

export interface FieldMetadata {
  readonly kind: 'field';
  /** Index in `EntityMetadata.fields` and in every list of an entity's field values. */
  readonly position: number;
  /** Property of the entity that holds the value; for a joining field, the property of its reference. */
  readonly property: string;
  readonly column: string;
  readonly type: SqlType;
  readonly nullable: boolean;
  readonly unique: boolean;
  readonly primaryKey: boolean;
  readonly generated: 'increment' | 'uuid' | undefined;
  /** The table's DEFAULT; undefined: none. */
  readonly defaultValue: SqlValue | undefined;
  /** Makes the value of an insert that leaves the property out. */
  readonly defaultFactory: (() => unknown) | undefined;
  readonly role: ColumnRole | undefined;
  /** `User.email`, the subject of messages. */
  readonly place: string;
  /** Set for joining fields. */
  readonly joins: { readonly reference: ReferenceMetadata; readonly keyField: FieldMetadata } | undefined;
}

/** The owning side of a relation: a `ManyToOne`. */
export interface ReferenceMetadata {
  readonly kind: 'reference';
  readonly property: string;
  readonly owner: EntityMetadata;
  readonly target: EntityMetadata;
  readonly nullable: boolean;
  readonly cascadePersist: boolean;
  /** Parallel to `target.keyFields`. */
  readonly fields: readonly FieldMetadata[];
  readonly place: string;
}

/** The mirror side of a relation: a `OneToMany`. */
export interface CollectionMetadata {
  readonly kind: 'collection';
  readonly property: string;
  readonly owner: EntityMetadata;
  readonly target: EntityMetadata;
  /** The reference of `target` that points back. */
  readonly mappedBy: ReferenceMetadata;
  readonly cascadePersist: boolean;
  readonly cascadeRemove: boolean;
  readonly place: string;
}

export type PropertyMetadata = FieldMetadata | ReferenceMetadata | CollectionMetadata;

export interface IndexMetadata {
  readonly name: string;
  readonly unique: boolean;
  readonly columns: readonly string[];
}

/** Fields that the ORM maintains, by role. */
export type MaintainedFields = Readonly<Record<ColumnRole, FieldMetadata | undefined>>;

export interface EntityMetadata {
  /** Class name. */
  readonly name: string;
  readonly entityClass: EntityClass;
  readonly table: string;
  /** Key fields first, then the others in the order of declaration: the order of the table's columns. */
  readonly fields: readonly FieldMetadata[];
  readonly keyFields: readonly FieldMetadata[];
  readonly references: readonly ReferenceMetadata[];
  readonly collections: readonly CollectionMetadata[];
  readonly properties: ReadonlyMap<string, PropertyMetadata>;
  readonly maintained: MaintainedFields;
  readonly indexes: readonly IndexMetadata[];
  readonly hooks: ReadonlyMap<HookEvent, readonly string[]>;
}
