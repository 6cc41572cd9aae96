/** Blobs over a store: what is stored of them, who sees which content, and that nothing stays of what did not succeed. */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { InvalidArgumentError, prefixRange, seededRandom, TransactionClosedError } from '../../../src/base/index.js';
import { Blobs, type BlobSource, snapshotBlobs, Uploads } from '../../../src/kv/index.js';
import type { Transaction, TransactionalStore } from '../../../src/mvcc/index.js';
import { MemFileSystem, systemEnvironment } from '../../../src/vfs/index.js';
import { openMemoryStore } from '../../support/memory-store.js';
import { propertyOptions } from '../../support/seed.js';

const CHUNK = 1000;
const environment = systemEnvironment();

let fileSystem: MemFileSystem;
let store: TransactionalStore;
let uploads: Uploads;
let blobs: Blobs;

async function openStore(): Promise<void> {
  store = await openMemoryStore({}, { fileSystem });
  uploads = new Uploads(store, seededRandom(7), CHUNK);
  blobs = blobsOf(undefined);
}

function blobsOf(tx: Transaction | undefined): Blobs {
  return new Blobs({ environment, store, uploads }, tx);
}

/** Chunks, uploads and records that are stored. */
function stored(): { records: number; chunks: number; uploads: number } {
  const count = (kind: number): number => {
    const cursor = store.latest().cursor(prefixRange(new Uint8Array([0x05, kind])));
    let entries = 0;
    while (cursor.next()) entries++;
    return entries;
  };
  return { records: count(1), chunks: count(2), uploads: count(3) };
}

function content(size: number, seed = 1): Uint8Array {
  const random = seededRandom(seed);
  return Uint8Array.from({ length: size }, () => random.u32());
}

async function* pieces(bytes: Uint8Array, ...sizes: number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, next = 0; at < bytes.length; next++) {
    const size = sizes[next % sizes.length]!;
    yield bytes.subarray(at, at + size);
    at += size;
    await Promise.resolve();
  }
}

async function read(from: { get: Blobs['get'] }, key: string): Promise<Uint8Array | undefined> {
  return (await from.get(key))?.bytes();
}

beforeEach(async () => {
  fileSystem = new MemFileSystem();
  await openStore();
});
afterEach(() => store.close());

describe('content', () => {
  const sources: readonly [string, (bytes: Uint8Array) => BlobSource][] = [
    ['one buffer', (bytes) => bytes],
    ['pieces of every size, empty ones among them', (bytes) => pieces(bytes, 1, 0, 999, 1001, 2500)],
    ['a stream of Node', (bytes) => Readable.from(pieces(bytes, 700))],
    ['a stream of the web', (bytes) => new Response(bytes.slice()).body as unknown as AsyncIterable<Uint8Array>],
    ['a list of buffers', (bytes) => [bytes.subarray(0, 3), bytes.subarray(3)]],
  ];
  test.each(sources)('from %s comes back as it was', async (_name, source) => {
    for (const size of [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3500]) {
      const bytes = content(size, size);
      await blobs.put('k', source(bytes));
      expect(await read(blobs, 'k')).toEqual(bytes);
      expect(await blobs.stat('k')).toMatchObject({
        size,
        sha256: createHash('sha256').update(bytes).digest('hex'),
      });
      expect(stored()).toEqual({ records: 1, chunks: Math.ceil(size / CHUNK), uploads: 0 });
    }
  });

  test('of any byte range', async () => {
    const bytes = content(3456);
    await blobs.put('k', bytes);
    const position = fc.nat({ max: 4000 });
    await fc.assert(
      fc.asyncProperty(position, position, async (offset, length) => {
        const found = await blobs.get('k', { offset, length });
        const expected = bytes.slice(offset, offset + length);
        expect(found?.length).toBe(expected.length);
        expect(await found?.bytes()).toEqual(expected);
      }),
      propertyOptions(60),
    );
  });

  test('as a stream of Node', async () => {
    const bytes = content(5000);
    await blobs.put('k', bytes);
    const stream = (await blobs.get('k', { offset: 10 }))!.stream();
    expect(Buffer.concat(await stream.toArray())).toEqual(Buffer.from(bytes.subarray(10)));
    expect(store.stats().openSnapshots).toBe(0);
  });

  test('as text', async () => {
    await blobs.put('k', Buffer.from('Grüße, Welt'));
    expect(await (await blobs.get('k'))?.text()).toBe('Grüße, Welt');
  });

  test('is given back by a stream that is destroyed before anything was read, and by an iterator that was left at once', async () => {
    await blobs.put('k', content(5000));
    const stream = (await blobs.get('k'))!.stream();
    stream.destroy();
    await once(stream, 'close');
    await (await blobs.get('k'))![Symbol.asyncIterator]().return();
    expect(store.stats().openSnapshots).toBe(0);
  });

  test('is read once', async () => {
    await blobs.put('k', content(10));
    const found = (await blobs.get('k'))!;
    await found.bytes();
    await expect(found.bytes()).rejects.toThrow(InvalidArgumentError);
  });

  test('holds its snapshot until it is read, closed, left early or destroyed', async () => {
    await blobs.put('k', content(5000));
    const held = (): number => store.stats().openSnapshots;
    const first = (await blobs.get('k'))!;
    const second = (await blobs.get('k'))!;
    const third = (await blobs.get('k'))!.stream();
    expect(held()).toBe(3);
    first.close();
    first.close();
    for await (const _piece of second) break;
    expect(held()).toBe(1);
    third.read();
    third.destroy();
    await once(third, 'close');
    expect(held()).toBe(0);
  });
});

test('description and list: in key order, by prefix', async () => {
  await blobs.put(['img', 'b.png'], content(20), { contentType: 'image/png', metadata: { width: 3, tags: ['x'] } });
  await blobs.put(['img', 'a.png'], content(10));
  await blobs.put('other', content(1));
  const listed = [];
  for await (const info of blobs.list({ prefix: ['img'] })) listed.push(info);
  expect(listed).toMatchObject([
    { key: ['img', 'a.png'], size: 10, contentType: undefined, metadata: undefined },
    { key: ['img', 'b.png'], size: 20, contentType: 'image/png', metadata: { width: 3, tags: ['x'] } },
  ]);
  expect(listed[0]!.modifiedAt).toBeInstanceOf(Date);
  expect(await blobs.stat('none')).toBeUndefined();
  expect(await blobs.get('none')).toBeUndefined();
  expect(store.stats().openSnapshots).toBe(0);
});

describe('who sees which content', () => {
  test('a reader that began before a replacement, or a removal, reads the old object to its end', async () => {
    const old = content(4000, 1);
    await blobs.put('k', old);
    const first = (await blobs.get('k'))!;
    const second = (await blobs.get('k'))![Symbol.asyncIterator]();
    const begin = (await second.next()).value as Uint8Array;
    await blobs.put('k', content(2500, 2));
    expect(await first.bytes()).toEqual(old);
    await blobs.delete('k');
    await store.engine.flush();
    await store.engine.compact();
    const rest = [begin];
    for await (const piece of { [Symbol.asyncIterator]: () => second }) rest.push(piece);
    expect(Buffer.concat(rest)).toEqual(Buffer.from(old));
    expect(await blobs.get('k')).toBeUndefined();
    expect(stored()).toEqual({ records: 0, chunks: 0, uploads: 0 });
  });

  test('an upload shows only when all of it has arrived', async () => {
    await blobs.put('k', content(10, 1));
    let seen: Uint8Array | undefined;
    async function* source(): AsyncGenerator<Uint8Array> {
      yield content(2 * CHUNK, 2);
      seen = await read(blobs, 'k');
      yield content(10, 3);
    }
    await blobs.put('k', source());
    expect(seen).toEqual(content(10, 1));
    expect((await blobs.stat('k'))?.size).toBe(2 * CHUNK + 10);
  });

  test('concurrent puts of one key: one whole object stays, and nothing of the others', async () => {
    const contents = [1, 2, 3, 4, 5].map((seed) => content(2500 + seed, seed));
    await Promise.all(contents.map((bytes) => blobs.put('k', pieces(bytes, 333))));
    expect(contents).toContainEqual(await read(blobs, 'k'));
    expect(stored()).toEqual({ records: 1, chunks: 3, uploads: 0 });
  });

  test('a snapshot, while the blob is replaced', async () => {
    await blobs.put('k', content(1500, 1));
    const snapshot = store.snapshot();
    await blobs.put('k', content(1600, 2));
    expect(await read(snapshotBlobs({ environment, store, uploads }, snapshot), 'k')).toEqual(content(1500, 1));
    snapshot.close();
  });
});

describe('in a transaction', () => {
  test('a blob has its description there too', async () => {
    const { signal } = new AbortController();
    await store.transaction((tx) =>
      blobsOf(tx).put('k', content(10), { contentType: 'a/b', metadata: { n: 1 }, signal }),
    );
    expect(await blobs.stat('k')).toMatchObject({ contentType: 'a/b', metadata: { n: 1 } });
  });

  test('that is run again, a stream that was read already is refused instead of stored empty', async () => {
    const sources = [
      pieces(content(2500), 700),
      Readable.from([content(2500)]),
      new Response(content(9).slice()).body!,
    ];
    for (const source of sources) {
      let runs = 0;
      const run = store.transaction(async (tx) => {
        tx.get(new Uint8Array([9]));
        await blobsOf(tx).put('k', source as AsyncIterable<Uint8Array>);
        if (runs++ === 0) store.transactionSync((other) => other.put(new Uint8Array([9]), content(1)));
      });
      await expect(run).rejects.toThrow('a stream that was read before');
    }
    await expect.poll(stored).toEqual({ records: 0, chunks: 0, uploads: 0 });
  });

  test('that is run again, buffers are read again', async () => {
    const source = [content(1500), content(1500)];
    let runs = 0;
    await store.transaction(async (tx) => {
      tx.get(new Uint8Array([9]));
      await blobsOf(tx).put('k', source);
      if (runs++ === 0) store.transactionSync((other) => other.put(new Uint8Array([9]), content(1)));
    });
    expect((await blobs.stat('k'))?.size).toBe(3000);
  });

  test('a blob appears with the other writes, and the transaction sees it before', async () => {
    await store.transaction(async (tx) => {
      const own = blobsOf(tx);
      await own.put('k', pieces(content(2500), 700));
      tx.put(new Uint8Array([0x02, 1]), new Uint8Array([1]));
      expect(await read(own, 'k')).toEqual(content(2500));
      expect(await blobs.stat('k')).toBeUndefined();
    });
    expect(await read(blobs, 'k')).toEqual(content(2500));
    expect(stored()).toEqual({ records: 1, chunks: 3, uploads: 0 });
  });

  test('replaced twice and removed: only what it commits stays', async () => {
    await blobs.put('k', content(2500, 1));
    await blobs.put('gone', content(2500, 1));
    await store.transaction(async (tx) => {
      const own = blobsOf(tx);
      await own.put('k', content(1500, 2));
      await own.put('k', content(500, 3));
      expect(await own.delete('gone')).toBe(true);
      expect(await own.delete('gone')).toBe(false);
    });
    expect(await read(blobs, 'k')).toEqual(content(500, 3));
    expect(stored()).toEqual({ records: 1, chunks: 1, uploads: 0 });
  });

  const failures: readonly [string, (tx: Transaction) => Promise<void>][] = [
    [
      'that rolls back',
      async (tx) => {
        await blobsOf(tx).put('new', content(2500));
        throw new Error('no');
      },
    ],
    [
      'that ended while the content arrived',
      async (tx) => {
        async function* source(): AsyncGenerator<Uint8Array> {
          yield content(2500);
          tx.interrupt(new Error('too late'));
        }
        await blobsOf(tx).put('new', source());
      },
    ],
  ];
  test.each(failures)('nothing stays of an upload in one %s', async (_name, body) => {
    await blobs.put('k', content(10));
    await expect(store.transaction(body)).rejects.toThrow(/^(no|too late)$/);
    await store.transaction(() => undefined);
    await expect.poll(stored).toEqual({ records: 1, chunks: 1, uploads: 0 });
  });

  test('a savepoint that is undone takes its upload with it', async () => {
    await store.transaction(async (tx) => {
      const savepoint = tx.savepoint();
      await blobsOf(tx).put('undone', content(2500));
      savepoint.rollback();
      await blobsOf(tx).put('kept', content(1500));
    });
    expect(await blobs.stat('undone')).toBeUndefined();
    await expect.poll(stored).toEqual({ records: 1, chunks: 2, uploads: 0 });
  });

  test('a read-only or ended one uploads nothing', async () => {
    const readOnly = store.begin({ readOnly: true });
    await expect(blobsOf(readOnly).put('k', content(10))).rejects.toThrow(InvalidArgumentError);
    readOnly.rollback();
    await expect(blobsOf(readOnly).put('k', content(10))).rejects.toThrow(TransactionClosedError);
    expect(stored()).toEqual({ records: 0, chunks: 0, uploads: 0 });
  });
});

describe('an upload that does not succeed leaves the old object and nothing of itself', () => {
  beforeEach(() => blobs.put('k', content(10)));
  afterEach(async () => {
    expect(await read(blobs, 'k')).toEqual(content(10));
    expect(stored()).toEqual({ records: 1, chunks: 1, uploads: 0 });
  });

  test('when the source fails', async () => {
    async function* source(): AsyncGenerator<Uint8Array> {
      yield content(2500);
      throw new Error('the line is dead');
    }
    await expect(blobs.put('k', source())).rejects.toThrow('the line is dead');
  });

  test('when the source yields something else', async () => {
    const source = [content(2500), 'text'] as unknown as Uint8Array[];
    await expect(blobs.put('k', source)).rejects.toThrow('piece 2 of the content of a blob must be a Uint8Array');
  });

  test('when the signal fires, even while the source is stuck', async () => {
    const controller = new AbortController();
    async function* source(): AsyncGenerator<Uint8Array> {
      yield content(2500);
      setImmediate(() => controller.abort(new Error('enough')));
      await new Promise(() => undefined);
    }
    await expect(blobs.put('k', source(), { signal: controller.signal })).rejects.toThrow('enough');
  });

  test.each([
    ['a string', 'k', 'text', {}],
    ['undefined', 'k', undefined, {}],
    ['an unknown option', 'k', content(1), { type: 'x' }],
    ['a signal that is none', 'k', content(1), { signal: 5 }],
    ['a content type that is no string', 'k', content(1), { contentType: 7 }],
    ['metadata that cannot be stored', 'k', content(1), { metadata: () => 1 }],
    ['a key that cannot be one', Symbol('k'), content(1), {}],
  ])('when given %s', async (_name, key, source, options) => {
    await expect(blobs.put(key as string, source as Uint8Array, options as never)).rejects.toThrow(
      InvalidArgumentError,
    );
  });

  test.each([{ offset: -1 }, { length: 0.5 }, { start: 1 }])('a byte range of %o is refused', async (range) => {
    await expect(blobs.get('k', range)).rejects.toThrow(InvalidArgumentError);
    expect(store.stats().openSnapshots).toBe(0);
  });
});

test('what an upload left that died with its process is gone after the next open', async () => {
  await blobs.put('k', content(1500));
  let died = (): void => undefined;
  async function* source(): AsyncGenerator<Uint8Array> {
    yield content(2500);
    await new Promise<void>((resolve) => {
      died = resolve;
    });
  }
  const upload = blobs.put('lost', source()).catch((error: unknown) => error);
  await expect.poll(stored).toEqual({ records: 1, chunks: 4, uploads: 1 });
  await store.close();
  died();
  await upload;
  await openStore();
  await uploads.removeAbandoned();
  expect(stored()).toEqual({ records: 1, chunks: 2, uploads: 0 });
  expect(await read(blobs, 'k')).toEqual(content(1500));
});
