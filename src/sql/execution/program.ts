/** A statement ready to run: the shape that every kind of statement is compiled to. */

import type { OutputColumn } from '../binder/bound-query.js';
import type { Frame } from './frame.js';
import type { RowSource } from './operators/operator.js';

export interface Program {
  /** `SELECT`, `INSERT`, `CREATE TABLE`, … */
  readonly command: string;
  /** True when it needs no transaction. */
  readonly isReadOnly: boolean;
  readonly outputs: readonly OutputColumn[];
  /** Runs to the end: `emit` is called with the frame for each row of the result. Returns the count to report. */
  execute(frame: Frame, emit: (frame: Frame) => void): number;
  /** The rows one by one, for statements that can be stopped between two rows; absent for all others. */
  open?(frame: Frame): RowSource;
}
