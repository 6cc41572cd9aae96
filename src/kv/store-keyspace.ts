/** A keyspace of the database itself: beside reads and writes it tells what others commit, and takes loads of any size. */

import { checkOptionNames, InvalidArgumentError } from '../base/index.js';
import type { ChangeFeed, ChangeGroup, TransactionalStore } from '../mvcc/index.js';
import { EntryKind, expiryAt, expiryBytesOf, isDeletion } from '../storage/index.js';
import { type BulkLoadOptions, type BulkLoadReport, BulkLoadRun, type LoadDesk } from './bulk-load-run.js';
import { Keyspace, type KeyspaceLayout, type KeyspaceSink } from './keyspace.js';

/** Where such a keyspace writes to. */
export interface StoreSink extends KeyspaceSink, LoadDesk {}

/** What a commit did to one key. */
export type Change<Key, Value> =
  | { readonly type: 'put'; readonly key: Key; readonly value: Value; readonly expiresAt?: Date }
  /** `expire`: the value had come to its end. */
  | { readonly type: 'delete' | 'expire'; readonly key: Key };

/** All that one commit did, in the order of the keys; of several writes to a key the last. */
export interface Commit<Key, Value> {
  /** Of the commit. As `since` of another feed, that goes on behind it. */
  readonly timestamp: number;
  readonly changes: readonly Change<Key, Value>[];
}

export interface ChangesOptions<KeyIn> {
  /** Only keys that begin with this one. Default: all. */
  readonly prefix?: KeyIn | undefined;
  /** Begins with the first commit after this timestamp, as far back as history reaches. Default: the newest commit. */
  readonly since?: number | undefined;
  /** Ends the feed; reading it rejects with the reason. */
  readonly signal?: AbortSignal | undefined;
}

export class StoreKeyspace<KeyIn, KeyOut, Value> extends Keyspace<KeyIn, KeyOut, Value> {
  readonly #store: TransactionalStore;
  readonly #desk: LoadDesk;

  constructor(store: TransactionalStore, sink: StoreSink, layout: KeyspaceLayout<KeyIn, KeyOut, Value>) {
    super(sink, layout);
    this.#store = store;
    this.#desk = sink;
  }

  /**
   * Every commit that changes a key, in commit order, none left out and none told twice: those to come, or with `since` those
   * after that timestamp first. Commits are told whole; a range that was cleared, as deletions of the keys that were in it.
   * A value that expires is told as `expire` by the commit that removes it, soon after its time, unless somebody replaces or
   * deletes it before; one that came to its time while the database was closed, after the next open.
   * Whatever is yet to be read is kept on disk meanwhile, from this call until the feed ends: by `break`, `return()`,
   * `await using`, `signal`, or the end of the database.
   *
   * Throws `InvalidArgumentError` (`facts.oldest`) where history does not reach back to `since`.
   */
  changes<V extends Value = Value>(options: ChangesOptions<KeyIn> = {}): ChangeFeed<Commit<KeyOut, V>> {
    checkOptionNames('options of changes', options, ['prefix', 'since', 'signal']);
    const { prefix, since, signal } = options;
    if (since !== undefined && typeof since !== 'number') {
      throw new InvalidArgumentError(`since is a commit timestamp, found ${typeof since}`, { facts: { found: since } });
    }
    const range = this.prefixRange(prefix);
    return this.#store.changes({ range, since, signal }, (group) => this.#commit<V>(group));
  }

  /**
   * Stores many entries, `[key, value]` each, in any order and from an array, a generator or a stream, as one commit that
   * goes around log and memtable: entries are sorted in memory of bounded size and in temporary files, written as finished
   * tables, and linked into the tree by one manifest edit. Nothing of them is visible before, everything is after, and a
   * crash leaves all or nothing. Existing keys are replaced; of entries with one key the last one counts. Durable once the
   * promise resolves.
   *
   * Other commits go on meanwhile; the link itself makes them wait for the flush of what was committed just before. A
   * transaction that has read between the smallest and the largest key of a table that the load wrote ends in
   * `ConflictError`, whether its own keys are among them or not. A feed of changes tells a load as the one commit it is, with
   * all its entries in memory.
   *
   * Rejects with `InvalidArgumentError` or `LimitError`, whose `facts.entry` counts from 1, for an entry that cannot be
   * stored; with what the iterator throws; with the signal's reason; with `IoError` when there is no room on the device;
   * with `ClosedError` when the database is closed meanwhile. Nothing is stored then, and the temporary files are gone.
   */
  async bulkLoad(
    entries: Iterable<readonly [KeyIn, Value]> | AsyncIterable<readonly [KeyIn, Value]>,
    options: BulkLoadOptions = {},
  ): Promise<BulkLoadReport> {
    const encoder = {
      key: (key: KeyIn) => this.keyView(key),
      value: (value: Value) => this.valueBytes(value),
    };
    return new BulkLoadRun(this.#desk, options, encoder).run(entries);
  }

  #commit<V extends Value>({ timestamp, changes }: ChangeGroup): Commit<KeyOut, V> {
    return {
      timestamp,
      changes: changes.map(({ kind, key: bytes, value }): Change<KeyOut, V> => {
        const key = this.decodeKey(bytes, this.prefixLength, bytes.length);
        if (isDeletion(kind)) return { type: kind === EntryKind.Expiry ? 'expire' : 'delete', key };
        const put = {
          type: 'put',
          key,
          value: this.decodeValue(value, expiryBytesOf(kind), value.length) as V,
        } as const;
        return kind === EntryKind.ExpiringPut ? { ...put, expiresAt: new Date(expiryAt(value, 0)) } : put;
      }),
    };
  }
}
