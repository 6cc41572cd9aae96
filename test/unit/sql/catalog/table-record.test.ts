import { describe, expect, test } from 'vitest';
import { CorruptionError } from '../../../../src/base/index.js';
import { Table } from '../../../../src/sql/catalog/table.js';
import { decodeTable, encodeTable } from '../../../../src/sql/catalog/table-record.js';
import * as values from '../../../../src/sql/values/index.js';
import { plainColumn, userTable } from './table-samples.js';

describe('table record', () => {
  test('keeps every type and flag', () => {
    const { BOOLEAN, SMALLINT, BIGINT, REAL, DOUBLE, TEXT, VARCHAR, BYTEA, DATE, TIMESTAMP, JSON_TEXT, JSONB, UUID } =
      values;
    const types = [
      BOOLEAN,
      SMALLINT,
      BIGINT,
      REAL,
      DOUBLE,
      TEXT,
      VARCHAR,
      values.varchar(1),
      BYTEA,
      DATE,
      TIMESTAMP,
      JSON_TEXT,
      JSONB,
      UUID,
    ];
    const table = new Table({
      id: 2 ** 40,
      name: 'a b"é',
      nextIndexId: 9,
      columns: [
        {
          ...plainColumn,
          name: 'row number',
          type: BIGINT,
          nullable: false,
          hidden: true,
          generated: 'always',
          sequenceId: 77,
        },
        ...types.map((type, i) => ({ ...plainColumn, name: `c${i}`, type, nullable: i % 2 === 0 })),
      ],
      indexes: [
        { id: 0, name: 'p', unique: true, constraint: true, columns: [{ position: 0, descending: false }] },
        {
          id: 8,
          name: 'i',
          unique: true,
          constraint: false,
          columns: [3, 1].map((position) => ({ position, descending: position === 1 })),
        },
      ],
    });
    expect(decodeTable(encodeTable(table))).toEqual(table);
  });

  test('defaults of every kind of value', () => {
    const constants: [values.SqlType, values.SqlValue][] = [
      [values.BOOLEAN, false],
      [values.BIGINT, 2n ** 62n],
      [values.DOUBLE, -0.5],
      [values.TEXT, ''],
      [values.BYTEA, Uint8Array.of(0)],
      [values.UUID, '00112233-4455-6677-8899-aabbccddeeff'],
    ];
    for (const [type, value] of constants) {
      const [first, ...rest] = userTable.parts().columns;
      const changed = new Table({
        ...userTable.parts(),
        columns: [{ ...first!, type, defaultValue: { kind: 'constant', value } }, ...rest],
      });
      expect(decodeTable(encodeTable(changed)).columns[0]!.defaultValue).toEqual({ kind: 'constant', value });
    }
  });

  test('damage is reported, wherever it cuts', () => {
    const record = encodeTable(userTable);
    for (let length = 0; length < record.length; length++) {
      expect(() => decodeTable(record.slice(0, length))).toThrow(CorruptionError);
    }
    expect(() => decodeTable(Uint8Array.of(...record, 0))).toThrow(CorruptionError);
    const format = record.slice();
    format[0] = 2;
    expect(() => decodeTable(format)).toThrow(CorruptionError);
    const type = record.slice();
    type[record.indexOf(0x0c)] = 16;
    expect(() => decodeTable(type)).toThrow(CorruptionError);
    const traits = record.slice();
    traits[record.length - 4] = 4;
    expect(() => decodeTable(traits)).toThrow(CorruptionError);
    const position = record.slice();
    position[record.length - 2] = 3;
    expect(() => decodeTable(position)).toThrow(CorruptionError);
  });
});
