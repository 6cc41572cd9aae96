/**
 * Internal entries: one version of one key. Order everywhere below the user: key ascending, timestamp descending.
 * What a reader walks (memtable, table, merge of both) is an `EntryCursor`.
 */

/** A commit's number: 0 is before everything, commits have 1 … 2^53−1. */
export type Timestamp = number;

/**
 * What the entries of a table carry that is written before its commit has a timestamp; the manifest says that one,
 * `TableMeta.linkedAt`. Of the same effect as any other number: all entries of such a table are of one commit.
 */
export const UNDATED_TIMESTAMP: Timestamp = 1;

/** After every commit there can be. */
export const MAX_TIMESTAMP: Timestamp = Number.MAX_SAFE_INTEGER;

/**
 * What a version says about its key. Stored as one byte; never renumbered, 0 is reserved. `RangeDelete` is an operation
 * on many keys: batches and logs have it, memtables and tables keep it apart from their entries, and no cursor shows it.
 * The value of a `ValuePointer` is where the value lies: format/value-pointer.ts. That of an `ExpiringPut` or
 * `ExpiringPointer` begins with the moment when it ends: format/expiring-value.ts. An `Expiry` is a deletion that was made
 * because such a moment had come.
 */
export const EntryKind = {
  Delete: 1,
  Put: 2,
  RangeDelete: 3,
  ValuePointer: 4,
  ExpiringPut: 5,
  Expiry: 6,
  ExpiringPointer: 7,
} as const;
export type EntryKind = (typeof EntryKind)[keyof typeof EntryKind];

/** True for a version whose value ends. */
export function expires(kind: EntryKind): boolean {
  return kind === EntryKind.ExpiringPut || kind === EntryKind.ExpiringPointer;
}

/** True for a version whose value is elsewhere. */
export function pointsToValue(kind: EntryKind): boolean {
  return kind === EntryKind.ValuePointer || kind === EntryKind.ExpiringPointer;
}

/** The kinds of versions with a value here or elsewhere, and which kind they are when it is elsewhere. */
export const POINTER_KINDS: { readonly [kind in EntryKind]?: EntryKind } = {
  [EntryKind.Put]: EntryKind.ValuePointer,
  [EntryKind.ValuePointer]: EntryKind.ValuePointer,
  [EntryKind.ExpiringPut]: EntryKind.ExpiringPointer,
  [EntryKind.ExpiringPointer]: EntryKind.ExpiringPointer,
};

/** True for a version that says that its key is not there. */
export function isDeletion(kind: EntryKind): boolean {
  return kind === EntryKind.Delete || kind === EntryKind.Expiry;
}

/**
 * Walks internal entries in ONE direction, fixed at creation. Ascending is key ascending, timestamp descending; a
 * descending cursor walks exactly the reverse. A new cursor stands nowhere: position it with `seekToStart` or `seek`.
 * All fields but `valid` mean something only while `valid`, and only until the next call.
 */
export interface EntryCursor {
  /** True while the cursor stands on an entry. */
  readonly valid: boolean;
  readonly keyBytes: Uint8Array;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly timestamp: Timestamp;
  readonly kind: EntryKind;
  /** The key is that of the entry on which the cursor stood before; false after a seek. */
  readonly repeats: boolean;
  /** Empty for deletions. */
  readonly valueBytes: Uint8Array;
  readonly valueStart: number;
  readonly valueEnd: number;
  /** Moves to the first entry in this cursor's direction. */
  seekToStart(): void;
  /**
   * Moves to the first entry at or after `(key, timestamp)` in this cursor's direction. The newest version of `key` and
   * all that follows: ascending `seek(key, MAX_TIMESTAMP)`. Everything below `key`: descending `seek(key, MAX_TIMESTAMP)`.
   */
  seek(key: Uint8Array, timestamp: Timestamp): void;
  /** Moves on by one entry; must be `valid`. */
  next(): void;
  /** Gives back what the cursor holds. Idempotent; the cursor is not `valid` afterwards. */
  close(): void;
}
