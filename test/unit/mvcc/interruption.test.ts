import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { ManualClock, systemScheduler, TimeoutError } from '../../../src/base/index.js';
import { interruptionCheck, watchInterruptions } from '../../../src/mvcc/interruption.js';

const timersThatKeepTheProcess = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

test('interrupts once, by whatever comes first', async () => {
  const controller = new AbortController();
  const reasons: unknown[] = [];
  const reason = new Error('no longer wanted');
  watchInterruptions({ timeoutMs: 1, signal: controller.signal }, systemScheduler, true, (why) => reasons.push(why));
  controller.abort(reason);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(reasons).toEqual([reason]);
  const other = new AbortController();
  watchInterruptions({ timeoutMs: 1, signal: other.signal }, systemScheduler, true, (why) => reasons.push(why));
  await new Promise((resolve) => setTimeout(resolve, 20));
  other.abort(reason);
  expect(reasons).toEqual([reason, expect.any(TimeoutError) as unknown]);
});

test('the check before a commit throws what timer and signal could not deliver', () => {
  const clock = new ManualClock();
  expect(interruptionCheck({}, clock)).toBeUndefined();
  const check = interruptionCheck({ timeoutMs: 10 }, clock)!;
  clock.advance(9);
  check();
  clock.advance(1);
  expect(check).toThrow(TimeoutError);
  const controller = new AbortController();
  const checkSignal = interruptionCheck({ signal: controller.signal }, clock)!;
  checkSignal();
  const reason = new Error('no longer wanted');
  controller.abort(reason);
  expect(checkSignal).toThrow(reason);
});

test('keeps the process alive only for those who wait, and leaves nothing behind', () => {
  const { signal } = new AbortController();
  const before = timersThatKeepTheProcess();
  const unattended = watchInterruptions({ timeoutMs: 60_000, signal }, systemScheduler, false, () => undefined);
  expect(timersThatKeepTheProcess()).toBe(before);
  const awaited = watchInterruptions({ timeoutMs: 60_000, signal }, systemScheduler, true, () => undefined);
  expect(timersThatKeepTheProcess()).toBe(before + 1);
  unattended();
  awaited();
  expect(timersThatKeepTheProcess()).toBe(before);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
