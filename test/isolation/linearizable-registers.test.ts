/**
 * Single keys are linearizable: gets, puts, deletions and compare-and-swap transactions of several clients, with a crash in
 * the middle, can be put in one order that agrees with what clients saw and when they were told.
 */

import { describe, expect, test } from 'vitest';
import { type Random, randomBelow, seededRandom } from '../../src/base/index.js';
import type { Database } from '../../src/database.js';
import {
  CALLS_MAX,
  isLinearizable,
  type RegisterCall,
  type TimedCall,
} from '../support/history-checker/linearizability.js';
import { CrashWorld } from '../support/history-runner/crash-world.js';
import { propertyOptions, seed } from '../support/seed.js';

const read = (saw: number | undefined): RegisterCall => ({ do: 'read', saw });
const write = (value: number | undefined): RegisterCall => ({ do: 'write', value });
const swap = (expected: number | undefined, value: number, done: boolean): RegisterCall => ({
  do: 'swap',
  expected,
  value,
  done,
});
const timed = (calledAt: number, answeredAt: number | undefined, call: RegisterCall): TimedCall => ({
  call,
  calledAt,
  answeredAt,
});

describe('the checker', () => {
  const cases: [what: string, calls: TimedCall[], linearizable: boolean][] = [
    ['nothing at all', [], true],
    ['a read of nothing', [timed(0, 1, read(undefined))], true],
    ['a read after a write', [timed(0, 1, write(1)), timed(2, 3, read(1))], true],
    ['a stale read', [timed(0, 1, write(1)), timed(2, 3, write(2)), timed(4, 5, read(1))], false],
    ['a read of what overlaps, before it', [timed(0, 5, write(1)), timed(1, 2, read(undefined))], true],
    ['a read of what overlaps, after it', [timed(0, 5, write(1)), timed(1, 2, read(1))], true],
    ['new and then old', [timed(0, 9, write(1)), timed(1, 2, read(1)), timed(3, 4, read(undefined))], false],
    ['a read from the future', [timed(0, 1, read(1)), timed(2, 3, write(1))], false],
    ['a swap of what was there', [timed(0, 1, write(1)), timed(2, 3, swap(1, 2, true)), timed(4, 5, read(2))], true],
    ['two swaps of one value', [timed(0, 9, swap(undefined, 1, true)), timed(0, 9, swap(undefined, 2, true))], false],
    ['a swap refused for no reason', [timed(0, 1, swap(undefined, 1, false))], false],
    [
      'a lost write',
      [timed(0, 1, write(1)), timed(2, undefined, read(undefined)), timed(3, 4, read(undefined))],
      false,
    ],
    ['a write without an answer, seen', [timed(0, undefined, write(1)), timed(5, 6, read(1))], true],
    ['a write without an answer, not seen', [timed(0, undefined, write(1)), timed(5, 6, read(undefined))], true],
    [
      'a write without an answer, seen late',
      [timed(0, undefined, write(1)), timed(5, 6, read(undefined)), timed(7, 8, read(1))],
      true,
    ],
    [
      'a write without an answer that comes and goes',
      [timed(0, undefined, write(1)), timed(5, 6, read(1)), timed(7, 8, read(undefined))],
      false,
    ],
  ];

  test.each(cases)('%s', (_what, calls, linearizable) => {
    expect(isLinearizable(calls)).toBe(linearizable);
  });
});

const KEYS = 3;
const CLIENTS = 4;

class Registers {
  /** By key. */
  readonly calls: TimedCall[][] = Array.from({ length: KEYS }, () => []);
  #moment = 0;
  #value = 0;

  /** One call; what is not answered before the crash stays unanswered. */
  async step(db: Database, random: Random, isAlive: () => boolean): Promise<void> {
    let key = randomBelow(random, KEYS);
    while (this.calls[key]!.length >= CALLS_MAX) key = (key + 1) % KEYS;
    const calls = this.calls[key]!;
    const calledAt = ++this.#moment;
    const at = calls.length;
    const planned = this.#plan(random, calls);
    calls.push(timed(calledAt, undefined, planned));
    const call = await perform(db, key, planned);
    if (isAlive()) calls[at] = timed(calledAt, ++this.#moment, call);
  }

  #plan(random: Random, calls: readonly TimedCall[]): RegisterCall {
    const dice = randomBelow(random, 10);
    if (dice < 4) return read(undefined);
    if (dice < 6) return write(++this.#value);
    if (dice < 7) return write(undefined);
    // Expects one of the values of late: some swaps succeed, and some want to replace what another one is replacing.
    const written = calls.flatMap(({ call }) => (call.do === 'read' ? [] : [call.value]));
    return swap(written.at(-1 - randomBelow(random, 3)), ++this.#value, false);
  }
}

async function perform(db: Database, key: number, call: RegisterCall): Promise<RegisterCall> {
  switch (call.do) {
    case 'read':
      return read(await db.get<number>(key));
    case 'write':
      if (call.value === undefined) await db.delete(key);
      else await db.put(key, call.value);
      return call;
    default: {
      const done = await db.transaction(
        async (tx) => {
          if ((await tx.get<number>(key)) !== call.expected) return false;
          await tx.put(key, call.value);
          return true;
        },
        { retries: 1000 },
      );
      return { ...call, done };
    }
  }
}

test('gets, puts, deletions and swaps of single keys are linearizable, across a crash', async () => {
  let swaps = 0;
  for (let run = 0; run < propertyOptions(20).numRuns; run++) {
    const world = new CrashWorld(seededRandom(seed * 1000 + run));
    const registers = new Registers();
    for (const last of [false, true]) {
      await world.session({
        clients: CLIENTS,
        steps: 10,
        step: (db, random, isAlive) => registers.step(db, random, isAlive),
        crashes: !last,
      });
    }
    for (const [key, calls] of registers.calls.entries()) {
      const told = `seed ${seed * 1000 + run}, key ${key}: ${JSON.stringify(calls)}`;
      expect(isLinearizable(calls), told).toBe(true);
      swaps += calls.filter(({ call }) => call.do === 'swap' && call.done).length;
    }
  }
  expect(swaps).toBeGreaterThan(30);
});
