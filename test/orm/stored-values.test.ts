import { beforeEach, expect, it } from 'vitest';
import { defineEntity, type EntityOf, gte, lt } from '../../src/orm/index.js';
import { type MemoryOrm, openMemoryOrm } from './memory-orm.js';

const Sample = defineEntity({
  name: 'Sample',
  columns: {
    id: { type: 'bigint', primaryKey: true },
    flag: { type: 'boolean', nullable: true },
    small: { type: 'smallint', nullable: true },
    whole: { type: 'integer', nullable: true },
    big: { type: 'bigint', nullable: true },
    single: { type: 'real', nullable: true },
    double: { type: 'double', nullable: true },
    text: { type: 'text', nullable: true },
    short: { type: 'varchar', length: 5, nullable: true },
    bytes: { type: 'bytea', nullable: true },
    day: { type: 'date', nullable: true },
    local: { type: 'timestamp', nullable: true },
    instant: { type: 'timestamptz', nullable: true },
    document: { type: 'jsonb', nullable: true },
    raw: { type: 'json', nullable: true },
    uuid: { type: 'uuid', nullable: true },
  },
});
type Sample = EntityOf<typeof Sample>;
const Event = defineEntity({
  name: 'Event',
  columns: { at: { type: 'timestamp', primaryKey: true }, tag: { type: 'bytea', primaryKey: true } },
});
const Note = defineEntity({
  name: 'Note',
  columns: { id: { type: 'integer', primaryKey: true } },
  relations: { event: { kind: 'many-to-one', target: () => Event } },
});

const FULL = (): Sample => ({
  id: 2n ** 60n,
  flag: false,
  small: -32768,
  whole: 2 ** 31 - 1,
  big: -(2n ** 63n),
  single: Math.fround(0.1),
  double: Number.NaN,
  text: 'ünï\u0000code 🚀',
  short: 'abcde',
  bytes: new Uint8Array([0, 255, 7]),
  day: new Date('2024-02-29'),
  local: new Date('2024-02-29T12:34:56.789Z'),
  instant: new Date(-1),
  document: { nested: [1, { deep: null }], text: 'x' },
  raw: [1, 'two', { three: 3 }],
  uuid: '0189d6c0-1234-7abc-8def-0123456789ab',
});
const EMPTY: Sample = Object.fromEntries(Object.keys(FULL()).map((key) => [key, key === 'id' ? 1 : null])) as never;

let db: MemoryOrm;

beforeEach(async () => {
  db = await openMemoryOrm([Sample, Event, Note]);
  await db.repository(Sample).insert([FULL(), { id: 1 }]);
  return async () => db.store.close();
});

it('every type comes back as it was given, by key and by query', async () => {
  const samples = db.repository(Sample);
  expect({ ...(await samples.findById(2n ** 60n)) }).toEqual(FULL());
  expect({ ...(await samples.findById(1)) }).toEqual(EMPTY);
  const found = await samples.find({ orderBy: { id: 'asc' } });
  expect(found.map((sample) => ({ ...sample }))).toEqual([EMPTY, FULL()]);
});

it('every type can be found by its value', async () => {
  const { raw: _, double: __, ...comparable } = FULL();
  for (const [property, value] of Object.entries(comparable)) {
    expect([property, await db.repository(Sample).count({ [property]: value })]).toEqual([property, 1]);
  }
  expect(await db.repository(Sample).count({ instant: lt(new Date(0)), day: gte(new Date('2024-02-01')) })).toBe(1);
});

it('reading is not changing, whatever the type', async () => {
  const before = db.store.lastTimestamp;
  await db.transaction(async (tx) => {
    await tx.repository(Sample).find();
    await tx.repository(Sample).findById(2n ** 60n);
  });
  expect(db.store.lastTimestamp).toBe(before);
});

it('documents that came by SQL are not rewritten for their spelling', async () => {
  await db.rows(`UPDATE sample SET raw = '{"b": 1,  "a": 2}' WHERE id = 1`);
  const before = db.store.lastTimestamp;
  await db.transaction(async (tx) => {
    expect((await tx.repository(Sample).findById(1))!.raw).toEqual({ b: 1, a: 2 });
  });
  expect(db.store.lastTimestamp).toBe(before);
});

it.each<[string, (sample: Sample) => void, Partial<Sample>]>([
  ['bytes', (sample) => sample.bytes!.fill(9), { bytes: new Uint8Array([9, 9, 9]) }],
  ['a date', (sample) => sample.day!.setUTCDate(1), { day: new Date('2024-02-01') }],
  ['a small date', (sample) => (sample.day = new Date(19_782)), { day: new Date(0) }],
  ['a time', (sample) => sample.local!.setUTCHours(0), { local: new Date('2024-02-29T00:34:56.789Z') }],
  [
    'a document',
    (sample) => ((sample.document as { text: string }).text = 'y'),
    { document: { nested: [1, { deep: null }], text: 'y' } },
  ],
  ['raw json', (sample) => (sample.raw as unknown[]).pop(), { raw: [1, 'two'] }],
  ['a number to none', (sample) => (sample.double = null), { double: null }],
])('%s changed in place is written', async (_, change, expected) => {
  await db.transaction(async (tx) => change((await tx.repository(Sample).findById(2n ** 60n))!));
  expect(await db.repository(Sample).findById(2n ** 60n)).toMatchObject(expected);
});

it('keys of dates and bytes identify entities, and references to them', async () => {
  const [first, second] = [
    { at: new Date(1), tag: new Uint8Array([1]) },
    { at: new Date(2), tag: new Uint8Array([1]) },
  ];
  await db.repository(Event).insert([first, second]);
  await db.transaction(async (tx) => {
    const events = tx.repository(Event);
    await tx.repository(Note).insert([
      { id: 1, event: events.reference(first) },
      { id: 2, event: events.reference(second) },
    ]);
  });
  const notes = await db.repository(Note).find({ orderBy: { id: 'asc' }, with: { event: true } });
  expect(notes.map(({ event }) => event.at.getTime())).toEqual([1, 2]);
  await db.transaction(async (tx) => {
    const found = await tx.repository(Event).findById(second);
    expect(await tx.repository(Event).findOne({ at: new Date(2) })).toBe(found);
    expect(await tx.repository(Note).find({ where: { event: found! } })).toMatchObject([{ id: 2 }]);
  });
});
