/** An entity while the registry builds it: the same object that becomes its `EntityMetadata`, still open for writing. */

import type { EntityClass, EntityDeclaration, HookEvent } from '../metadata/declaration.js';
import type {
  CollectionMetadata,
  EntityMetadata,
  FieldMetadata,
  IndexMetadata,
  MaintainedFields,
  PropertyMetadata,
  ReferenceMetadata,
} from './entity-metadata.js';
import { snakeCase } from './naming.js';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export class EntityDraft implements EntityMetadata {
  readonly name: string;
  readonly entityClass: EntityClass;
  readonly table: string;
  readonly declared: EntityDeclaration;
  readonly fields: FieldMetadata[] = [];
  readonly keyFields: FieldMetadata[] = [];
  readonly references: ReferenceMetadata[] = [];
  readonly collections: CollectionMetadata[] = [];
  readonly properties = new Map<string, PropertyMetadata>();
  readonly maintained: Writable<MaintainedFields> = {
    version: undefined,
    createdAt: undefined,
    updatedAt: undefined,
    deletedAt: undefined,
  };
  readonly indexes: IndexMetadata[] = [];
  readonly hooks = new Map<HookEvent, string[]>();

  constructor(entityClass: EntityClass, declared: EntityDeclaration) {
    this.name = entityClass.name;
    this.entityClass = entityClass;
    this.declared = declared;
    this.table = declared.table ?? snakeCase(entityClass.name);
  }

  /** `User.email`. */
  place(property: string): string {
    return `${this.name}.${property}`;
  }
}
