/**
 * The protocol of operators. An `Operator` is compiled once and shared by all executions of its statement; `open` makes
 * the state of one execution. Rows are not passed on: a source leaves them in the slots of the frame.
 *
 * Pulling was measured against pushing rows into callbacks: a scan and filter of 100,000 rows differ by less than the
 * noise (decoding dominates), and pulling gives streaming and early ends without more machinery.
 */

import type { SqlValue } from '../../values/index.js';
import type { Frame } from '../frame.js';

export interface RowSource {
  /** Puts the next row into the frame; false when there is none, and then no longer called. */
  next(): boolean;
  /** Gives back cursors. Idempotent; not needed after `next` was false, but allowed. */
  close(): void;
}

export interface Operator {
  open(frame: Frame): RowSource;
}

/** Copies the values of `slots` out of the frame. */
export function captureRow(frame: Frame, slots: readonly number[]): SqlValue[] {
  const row = new Array<SqlValue>(slots.length);
  for (let i = 0; i < slots.length; i++) row[i] = frame[slots[i]!] as SqlValue;
  return row;
}

/** Puts captured values back. */
export function restoreRow(frame: Frame, slots: readonly number[], row: readonly SqlValue[]): void {
  for (let i = 0; i < slots.length; i++) frame[slots[i]!] = row[i];
}
