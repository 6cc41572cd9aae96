/** The registers of a running statement, and what its operators share while it runs. */

import { assert } from '../../base/index.js';
import type { ReadView, WriteView } from '../../mvcc/index.js';
import { CONTEXT_SLOT } from '../binder/bound-expression.js';
import type { EvaluationContext, SqlValue } from '../values/index.js';
import { MemoryMeter } from './memory-meter.js';

/** Slot 0 holds the `ExecutionContext`; all others hold values, see `bound-expression.ts`. */
export type Frame = unknown[];

export type Evaluate = (frame: Frame) => SqlValue;

/** True only for TRUE: neither FALSE nor unknown. */
export type Test = (frame: Frame) => boolean;

/** One execution of a statement. */
export class ExecutionContext implements EvaluationContext {
  readonly view: ReadView;
  /** The same view, where it can be written to. */
  readonly writer: WriteView | undefined;
  readonly nowMs: number;
  readonly memory: MemoryMeter;
  #subqueryResults: Map<object, unknown> | undefined;

  constructor(parts: { view: ReadView; writer: WriteView | undefined; nowMs: number; memoryBytesMax: number }) {
    this.view = parts.view;
    this.writer = parts.writer;
    this.nowMs = parts.nowMs;
    this.memory = new MemoryMeter(parts.memoryBytesMax);
  }

  /** Results of subqueries that do not depend on the row, by subquery. */
  get subqueryResults(): Map<object, unknown> {
    return (this.#subqueryResults ??= new Map());
  }
}

export function createFrame(size: number, context: ExecutionContext): Frame {
  const frame: Frame = new Array<unknown>(size).fill(null);
  frame[CONTEXT_SLOT] = context;
  return frame;
}

export function contextOf(frame: Frame): ExecutionContext {
  return frame[CONTEXT_SLOT] as ExecutionContext;
}

/** The view that a changing statement writes to. */
export function writerOf(frame: Frame): WriteView {
  const { writer } = contextOf(frame);
  assert(writer !== undefined, 'a changing statement runs on a view that can be written to');
  return writer;
}
