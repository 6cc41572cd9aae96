/**
 * Reads large objects: bytes of any length under a key, with a content type and metadata. Readers see the old object or the
 * new one, never a mixture. Shows what its owner does: the newest state, a snapshot, a transaction.
 */

import { checkOptionNames, type Tuple, type TuplePart } from '../../base/index.js';
import type { ReadView } from '../../mvcc/index.js';
import type { Environment } from '../../vfs/index.js';
import type { TupleKey } from '../codecs.js';
import { KeyspaceReader, type ScanOptions } from '../keyspace.js';
import { BlobContent, type BlobView, type ByteRange } from './blob-content.js';
import { type BlobInfo, blobRecords, decodeRecord, infoOf } from './blob-record.js';

/** Whose blobs a reader shows. */
export interface BlobOwner {
  readonly environment: Environment;
  /** Asked anew for every call. */
  view(): ReadView;
  /** A state that stays until it is released. */
  hold(): BlobView;
}

export class BlobReader {
  readonly #owner: BlobOwner;
  readonly #records: KeyspaceReader<TupleKey, TuplePart[], unknown>;

  constructor(owner: BlobOwner) {
    this.#owner = owner;
    this.#records = new KeyspaceReader(owner, blobRecords);
  }

  /**
   * The content of `key`, or the bytes of it that `range` names; undefined when there is none. Read it or close it
   * (`using` does): the versions it needs are kept until then.
   */
  async get(key: TupleKey, range: ByteRange = {}): Promise<BlobContent | undefined> {
    checkOptionNames('the byte range of a blob', range, ['offset', 'length']);
    const held = this.#owner.hold();
    try {
      const records = new KeyspaceReader({ environment: held.environment, view: () => held.view }, blobRecords);
      const found = records.getSync(key);
      if (found !== undefined) {
        const record = decodeRecord(found);
        return new BlobContent(infoOf(tupleOf(key), record), record.content, range, held);
      }
    } catch (error) {
      held.release();
      throw error;
    }
    held.release();
    return undefined;
  }

  /** What is known of `key` without reading its content; undefined when there is none. */
  async stat(key: TupleKey): Promise<BlobInfo | undefined> {
    const found = this.#records.getSync(key);
    return found === undefined ? undefined : infoOf(tupleOf(key), decodeRecord(found));
  }

  /** When the blob of `key` ends; undefined when it does not, or there is none. */
  async expiresAt(key: TupleKey): Promise<Date | undefined> {
    return this.#records.expiresAtSync(key);
  }

  /** The blobs of a range of keys, in key order and from one version of the store. */
  async *list(options: ScanOptions<TupleKey> = {}): AsyncGenerator<BlobInfo, void, undefined> {
    for await (const [key, value] of this.#records.scan(options)) yield infoOf(key, decodeRecord(value));
  }
}

function tupleOf(key: TupleKey): Tuple {
  return Array.isArray(key) ? (key as Tuple) : [key];
}
