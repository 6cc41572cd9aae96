/**
 * Decides whether a small history of one register is linearizable: whether each operation can be given one moment between
 * its call and its answer at which it took effect (M. Herlihy and J. Wing, 1990). The search is that of J. Wing and C. Gong,
 * "Testing and verifying concurrent objects" (J. Parallel and Distributed Computing 17, 1993), with the cache of visited
 * states of G. Lowe, "Testing for linearizability" (Concurrency and Computation 29(4), 2017).
 */

import type { Moment } from './history.js';

/** The value of an absent register is undefined. */
export type RegisterCall =
  | { readonly do: 'read'; readonly saw: number | undefined }
  | { readonly do: 'write'; readonly value: number | undefined }
  /** Writes `value` if it finds `expected`; whether it did is the answer. */
  | { readonly do: 'swap'; readonly expected: number | undefined; readonly value: number; readonly done: boolean };

export interface TimedCall {
  readonly call: RegisterCall;
  readonly calledAt: Moment;
  /** Undefined when no answer came: it took effect some time later, or never; what it saw or did is then not known. */
  readonly answeredAt: Moment | undefined;
}

/** As many as a mask of calls has bits. */
export const CALLS_MAX = 31;

export function isLinearizable(calls: readonly TimedCall[]): boolean {
  if (calls.length > CALLS_MAX) throw new RangeError(`${calls.length} calls, at most ${CALLS_MAX} are searched`);
  const answered = calls.reduce((mask, { answeredAt }, at) => (answeredAt === undefined ? mask : mask | (1 << at)), 0);
  const visited = new Set<string>();
  const search = (done: number, state: number | undefined): boolean => {
    if ((done & answered) === answered) return true;
    const visit = `${done} ${String(state)}`;
    if (visited.has(visit)) return false;
    visited.add(visit);
    const firstAnswer = firstAnswerAfter(calls, done);
    for (const [at, { call, calledAt, answeredAt }] of calls.entries()) {
      if ((done & (1 << at)) !== 0 || calledAt > firstAnswer) continue;
      const result = effect(call, state, answeredAt !== undefined);
      if (result !== undefined && search(done | (1 << at), result.state)) return true;
    }
    return false;
  };
  return search(0, undefined);
}

/** Nothing that was called later than this can be next. */
function firstAnswerAfter(calls: readonly TimedCall[], done: number): Moment {
  let first = Number.POSITIVE_INFINITY;
  for (const [at, { answeredAt }] of calls.entries()) {
    if ((done & (1 << at)) === 0 && answeredAt !== undefined && answeredAt < first) first = answeredAt;
  }
  return first;
}

/** The state after `call`; undefined when it cannot happen in `state`. */
function effect(
  call: RegisterCall,
  state: number | undefined,
  answered: boolean,
): { readonly state: number | undefined } | undefined {
  switch (call.do) {
    case 'read':
      return !answered || call.saw === state ? { state } : undefined;
    case 'write':
      return { state: call.value };
    default: {
      const does = state === call.expected;
      if (answered && does !== call.done) return undefined;
      return { state: does ? call.value : state };
    }
  }
}
