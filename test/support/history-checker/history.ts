/**
 * What a run records for the checker: who read what, who wrote what, in which order each client did it, and how it ended.
 *
 * A version of a key is named by a number that is written once in a whole history. The value of a **list** key is the
 * list of all its versions so far, the newest last (`"3,17,20"`), so that one read tells the order of everything before
 * it; a list is never deleted. The value of a **register** is the number of its one version; it can be overwritten without
 * having been read, and deleted.
 */

/** A number for a moment: of two moments of one history, the later one has the higher number. */
export type Moment = number;

export type Operation =
  | { readonly do: 'get'; readonly key: string; readonly saw: string | undefined }
  | {
      readonly do: 'scan';
      /** Inclusive. */
      readonly lower: string;
      /** Exclusive. */
      readonly upper: string;
      readonly reverse: boolean;
      readonly limit: number;
      readonly saw: readonly (readonly [key: string, value: string])[];
    }
  | { readonly do: 'put'; readonly key: string; readonly value: string }
  | { readonly do: 'delete'; readonly key: string; readonly version: number }
  | { readonly do: 'savepoint' }
  /** Ends the innermost savepoint; `undo` takes back what was written since. */
  | { readonly do: 'undo' | 'release' };

/**
 * `committed`: acknowledged. `aborted`: nothing of it may ever be seen; what it read counts all the same. `unknown`:
 * neither, the store went down before it could say; later reads tell.
 */
export type Outcome = 'committed' | 'aborted' | 'unknown';

export interface RecordedTransaction {
  /** For messages. */
  readonly name: string;
  readonly operations: readonly Operation[];
  readonly outcome: Outcome;
  /**
   * When its client began it, and when it was told the outcome. What ended before another began comes before it; undefined
   * where nothing follows: the past was asked for on purpose, or no answer ever came.
   */
  readonly beganAt: Moment | undefined;
  readonly endedAt: Moment | undefined;
  /** The newest commit that it says to see. Only chooses between versions of a register that cannot be told apart. */
  readonly snapshotTimestamp: number;
  /** What the store said when it acknowledged the writes: the order of the versions of registers. */
  readonly commitTimestamp: number | undefined;
}

export interface History {
  readonly transactions: readonly RecordedTransaction[];
  /** Every key that was ever written or read: what a scan did not show was absent. */
  readonly keys: ReadonlySet<string>;
}

const LIST = 'list/';
const REGISTER = 'register/';

export function listKey(number: number): string {
  return LIST + String(number).padStart(5, '0');
}

export function registerKey(number: number): string {
  return REGISTER + String(number).padStart(3, '0');
}

export function isList(key: string): boolean {
  return key.startsWith(LIST);
}

/** The value of list `before` with one more version. */
export function appended(before: string | undefined, version: number): string {
  return before === undefined ? String(version) : `${before},${version}`;
}

/** The newest version in a value. */
export function versionIn(value: string): number {
  return Number(value.slice(value.lastIndexOf(',') + 1));
}
