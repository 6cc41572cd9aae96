/** From declared columns to fields: types, names and the rules that one column can break by itself. */

import { VarveError } from '../../base/index.js';
import { fromJs, resolveType, type SqlType, type SqlValue, typeName } from '../../sql/index.js';
import { COLUMN_TYPES, isColumnType, sqlTypeName } from '../metadata/column-type.js';
import type { ColumnDeclaration } from '../metadata/declaration.js';
import type { FieldMetadata } from './entity-metadata.js';
import { snakeCase } from './naming.js';

/** Takes note of a problem; the registry reports all of them at once. */
export type Report = (place: string, problem: string) => void;

/** Undefined after a problem without which the field makes no sense. */
export function resolveField(
  declared: ColumnDeclaration,
  position: number,
  place: string,
  report: Report,
): FieldMetadata | undefined {
  const type = resolveColumnType(declared, place, report);
  if (type === undefined) return undefined;
  checkKeyRules(declared, type, place, report);
  if (declared.unique && type.category === 'json') report(place, `a column of type ${type.name} cannot be unique`);
  return {
    kind: 'field',
    position,
    property: declared.property,
    column: declared.column ?? snakeCase(declared.property),
    type,
    nullable: declared.nullable && !declared.primaryKey,
    unique: declared.unique,
    primaryKey: declared.primaryKey,
    generated: declared.generated,
    defaultValue: constantDefault(declared, type, place, report),
    defaultFactory: typeof declared.defaultValue === 'function' ? declared.defaultValue : undefined,
    role: declared.role,
    place,
    joins: undefined,
  };
}

function resolveColumnType(declared: ColumnDeclaration, place: string, report: Report): SqlType | undefined {
  const { type, length } = declared;
  if (!isColumnType(type)) {
    report(place, `unsupported type ${JSON.stringify(type) ?? 'undefined'}; types: ${COLUMN_TYPES.join(', ')}`);
    return undefined;
  }
  if (length !== undefined && type !== 'varchar') {
    report(place, `a length is only for varchar, not for ${type}`);
    return undefined;
  }
  try {
    return resolveType(typeName(sqlTypeName(type), length === undefined ? [] : [length]));
  } catch (cause) {
    if (!(cause instanceof VarveError)) throw cause;
    report(place, cause.message);
    return undefined;
  }
}

function checkKeyRules(declared: ColumnDeclaration, type: SqlType, place: string, report: Report): void {
  const { generated, primaryKey, nullable, defaultValue } = declared;
  if (primaryKey && nullable) report(place, 'a primary key cannot be nullable');
  if (primaryKey && type.category === 'json') report(place, `a primary key cannot be of type ${type.name}`);
  if (generated !== undefined && defaultValue !== undefined) report(place, 'generated and default exclude each other');
  if (generated !== undefined && generated !== 'increment' && generated !== 'uuid') {
    report(place, `generated must be 'increment' or 'uuid', found ${JSON.stringify(generated)}`);
  }
  if (generated === 'increment' && type.category !== 'integer') {
    report(place, `generated: 'increment' needs an integer type, found ${type.name}`);
  }
  if (generated === 'uuid' && type.category !== 'uuid' && type.name !== 'text') {
    report(place, `generated: 'uuid' needs the type uuid or text, found ${type.name}`);
  }
}

function constantDefault(
  { defaultValue }: ColumnDeclaration,
  type: SqlType,
  place: string,
  report: Report,
): SqlValue | undefined {
  if (defaultValue === undefined || typeof defaultValue === 'function') return undefined;
  try {
    return fromJs(defaultValue, type, 'default');
  } catch (cause) {
    if (!(cause instanceof VarveError)) throw cause;
    report(place, cause.message);
    return undefined;
  }
}
