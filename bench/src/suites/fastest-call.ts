/** Calls an engine by its synchronous methods where it has them, and waits only for what is promised. */

import type { KeyValueEngine } from '../engine.js';

export function putFastest(engine: KeyValueEngine, key: Buffer, value: Uint8Array): Promise<void> | void {
  return engine.putSync === undefined ? engine.put(key, value) : engine.putSync(key, value);
}

export function getFastest(
  engine: KeyValueEngine,
  key: Buffer,
): Promise<Uint8Array | undefined> | Uint8Array | undefined {
  return engine.getSync === undefined ? engine.get(key) : engine.getSync(key);
}

/** Goes on at once with what is there, and later with what is promised. */
export function whenDone<Value, Result>(
  pending: Promise<Value> | Value,
  goOn: (value: Value) => Result,
): Promise<Awaited<Result>> | Result {
  return pending instanceof Promise ? (pending.then(goOn) as Promise<Awaited<Result>>) : goOn(pending);
}

/** Of what `getFastest` returned, which is the caller's until the next call only. */
export function copyOf(value: Uint8Array): Buffer {
  // lmdb lends a large buffer whose `length` says how much of it is meant; only subarray goes by that.
  return Buffer.from(value.subarray(0, value.length));
}
