/** A keyspace of the database itself: beside reads and writes it tells what others commit. */

import { checkOptionNames, InvalidArgumentError } from '../base/index.js';
import type { ChangeFeed, ChangeGroup, TransactionalStore } from '../mvcc/index.js';
import { EntryKind } from '../storage/index.js';
import { Keyspace, type KeyspaceLayout, type KeyspaceSink } from './keyspace.js';

/** What a commit did to one key. */
export type Change<Key, Value> =
  | { readonly type: 'put'; readonly key: Key; readonly value: Value }
  | { readonly type: 'delete'; readonly key: Key };

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

  constructor(store: TransactionalStore, sink: KeyspaceSink, layout: KeyspaceLayout<KeyIn, KeyOut, Value>) {
    super(sink, layout);
    this.#store = store;
  }

  /**
   * Every commit that changes a key, in commit order, none left out and none told twice: those to come, or with `since` those
   * after that timestamp first. Commits are told whole. Whatever is yet to be read is kept on disk meanwhile, from this call
   * until the feed ends: by `break`, `return()`, `await using`, `signal`, or the end of the database.
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

  #commit<V extends Value>({ timestamp, changes }: ChangeGroup): Commit<KeyOut, V> {
    return {
      timestamp,
      changes: changes.map(({ kind, key: bytes, value }): Change<KeyOut, V> => {
        const key = this.decodeKey(bytes, this.prefixLength, bytes.length);
        if (kind === EntryKind.Delete) return { type: 'delete', key };
        return { type: 'put', key, value: this.decodeValue(value, 0, value.length) as V };
      }),
    };
  }
}
