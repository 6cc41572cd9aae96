/**
 * Writes a content that no record names yet, chunk by chunk, each a commit of its own that nobody can see the sense of. An
 * upload is announced before its first chunk and struck off by the commit that stores its record, so that whatever a crash
 * or an error leaves is found: `removeAbandoned` at the next open, `abandon` at once.
 */

import { createHash } from 'node:crypto';
import { ClosedError, EMPTY_BYTES, type Random } from '../../base/index.js';
import type { TransactionalStore } from '../../mvcc/index.js';
import { WriteBatch } from '../../storage/index.js';
import {
  type BlobContentPlace,
  CONTENT_ID_BYTES,
  chunkKey,
  chunkRange,
  uploadedId,
  uploadKey,
  uploadRange,
} from './blob-record.js';
import { type BlobSource, readInChunks } from './blob-source.js';

/**
 * Small enough that a range read wastes little, large enough that a chunk's own costs do not show. 2 GB are 8,192 chunks.
 */
const CHUNK_BYTES = 256 * 1024;

/** Durable with the commit that stores the record: it is later in the same log. */
const UNSYNCED = { durability: 'buffered' } as const;

export interface UploadedContent {
  readonly place: BlobContentPlace;
  readonly sha256: Uint8Array;
}

/** One per open database. */
export class Uploads {
  readonly #store: TransactionalStore;
  readonly #random: Random;
  readonly #chunkBytes: number;

  /** @param valueBytesMax `limits.valueBytes` of the database. */
  constructor(store: TransactionalStore, random: Random, valueBytesMax: number) {
    this.#store = store;
    this.#random = random;
    this.#chunkBytes = Math.min(CHUNK_BYTES, valueBytesMax);
  }

  /**
   * Stores the bytes of `source`, until `expiresAtMs` if that is given. Memory is bounded by two chunks. Rejects with the
   * source's own error, the signal's reason or what the store says; nothing of the content stays then.
   */
  async upload(
    source: BlobSource,
    { signal, expiresAtMs }: { readonly signal?: AbortSignal | undefined; readonly expiresAtMs?: number | undefined },
  ): Promise<UploadedContent> {
    const id = this.#contentId();
    const hash = createHash('sha256');
    let size = 0;
    let chunks = 0;
    try {
      await readInChunks(source, this.#chunkBytes, signal, async (chunk) => {
        const batch = new WriteBatch(chunk.length + 128);
        if (chunks === 0) batch.put(uploadKey(id), EMPTY_BYTES);
        batch.put(chunkKey(id, chunks), chunk, expiresAtMs);
        chunks++;
        size += chunk.length;
        const written = this.#store.write(batch, UNSYNCED);
        hash.update(chunk);
        await written;
      });
    } catch (error) {
      await this.abandon(id);
      throw error;
    }
    return { place: { id, size, chunkBytes: this.#chunkBytes }, sha256: new Uint8Array(hash.digest()) };
  }

  /** Removes a content if no record has come to own it. */
  async abandon(id: Uint8Array): Promise<void> {
    try {
      if (!this.#store.latest().has(uploadKey(id))) return;
      await this.#store.write(this.#removal(id), UNSYNCED);
    } catch (error) {
      // The next open removes it.
      if (!(error instanceof ClosedError)) throw error;
    }
  }

  /** Removes what uploads left that were under way when the database was last closed, or died. Called before any begins. */
  async removeAbandoned(): Promise<void> {
    const cursor = this.#store.latest().cursor(uploadRange);
    const ids: Uint8Array[] = [];
    while (cursor.next()) ids.push(uploadedId(cursor.key()));
    for (const id of ids) await this.#store.write(this.#removal(id), UNSYNCED);
  }

  #removal(id: Uint8Array): WriteBatch {
    const batch = new WriteBatch();
    batch.delete(uploadKey(id));
    batch.clear(chunkRange(id));
    return batch;
  }

  #contentId(): Uint8Array {
    const id = new Uint8Array(CONTENT_ID_BYTES);
    const view = new DataView(id.buffer);
    do {
      for (let at = 0; at < CONTENT_ID_BYTES; at += 4) view.setUint32(at, this.#random.u32());
    } while (this.#isUsed(id));
    return id;
  }

  #isUsed(id: Uint8Array): boolean {
    const cursor = this.#store.latest().cursor(chunkRange(id));
    const used = cursor.next();
    cursor.close();
    return used;
  }
}
