/**
 * The column types of entities. The explicit name is what counts; what the compiler emits as `design:type` is only a
 * convenience, because it says `Object` for unions, interfaces, literals of mixed kinds and type aliases.
 */

import { InvalidArgumentError } from '../../base/index.js';

/** JavaScript value of each column type, as read from and written to entities. */
export interface ColumnValues {
  boolean: boolean;
  smallint: number;
  integer: number;
  /** A number while it is safe (below 2^53 in magnitude), else a bigint. */
  bigint: number | bigint;
  real: number;
  double: number;
  text: string;
  varchar: string;
  bytea: Uint8Array;
  /** Midnight UTC of the day. */
  date: Date;
  timestamp: Date;
  timestamptz: Date;
  json: unknown;
  jsonb: unknown;
  uuid: string;
}

export type ColumnType = keyof ColumnValues;

/** SQL spelling of each column type; the keys are all the types there are. */
const SQL_NAMES: Readonly<Record<ColumnType, string>> = {
  boolean: 'boolean',
  smallint: 'smallint',
  integer: 'integer',
  bigint: 'bigint',
  real: 'real',
  double: 'double precision',
  text: 'text',
  varchar: 'varchar',
  bytea: 'bytea',
  date: 'date',
  timestamp: 'timestamp',
  timestamptz: 'timestamptz',
  json: 'json',
  jsonb: 'jsonb',
  uuid: 'uuid',
};

export const COLUMN_TYPES: readonly ColumnType[] = Object.keys(SQL_NAMES) as ColumnType[];

export function isColumnType(name: unknown): name is ColumnType {
  return typeof name === 'string' && Object.hasOwn(SQL_NAMES, name);
}

export function sqlTypeName(type: ColumnType): string {
  return SQL_NAMES[type];
}

const TYPES_BY_DESIGN: ReadonlyMap<unknown, ColumnType> = new Map<unknown, ColumnType>([
  [String, 'text'],
  [Number, 'double'],
  [Boolean, 'boolean'],
  [BigInt, 'bigint'],
  [Date, 'timestamptz'],
  [Uint8Array, 'bytea'],
  [Buffer, 'bytea'],
]);

/**
 * The column type that the compiler's `design:type` stands for. `place` names the property, as in `User.age`.
 * Throws `InvalidArgumentError` when there is none: emitted metadata is missing, or it does not say enough.
 */
export function columnTypeOfDesign(designType: unknown, place: string): ColumnType {
  const type = TYPES_BY_DESIGN.get(designType);
  if (type !== undefined) return type;
  const found = typeof designType === 'function' ? designType.name : 'nothing';
  const reason =
    designType === undefined
      ? 'the compiler emitted no type metadata (emitDecoratorMetadata is off)'
      : `the compiler only says ${found}, as it does for unions, interfaces and type aliases`;
  throw new InvalidArgumentError(
    `${place} needs an explicit column type: ${reason}; write for example @Column('text'). Types: ${COLUMN_TYPES.join(', ')}`,
    { facts: { place, designType: found, types: COLUMN_TYPES } },
  );
}
