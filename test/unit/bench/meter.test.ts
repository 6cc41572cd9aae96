/** What is timed and counted, and what is not. */

import { mkdtempSync, rmSync } from 'node:fs';
import type { Profiler } from 'node:inspector';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Meter } from '../../../bench/src/measurement/meter.js';
import { selfTimes } from '../../../bench/src/measurement/profiler.js';

const directory = mkdtempSync(join(tmpdir(), 'varve-meter-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('every call runs once, in order, after its inputs were prepared', async () => {
  const meter = new Meter();
  const events: string[] = [];
  await meter.measure({
    name: 'w',
    directory,
    calls: 5,
    callsPerPreparation: 2,
    prepare: (from, to) => events.push(`prepare ${from} to ${to}`),
    run: async (call) => {
      events.push(`begin ${call}`);
      await pause(1);
      events.push(`end ${call}`);
    },
  });
  const calls = (from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, i) => [`begin ${from + i}`, `end ${from + i}`]).flat();
  expect(events).toEqual(
    [
      ['prepare 0 to 2', ...calls(0, 2)],
      ['prepare 2 to 4', ...calls(2, 4)],
      ['prepare 4 to 5', ...calls(4, 5)],
    ].flat(),
  );
});

test('calls are timed, the preparation of their inputs is not', async () => {
  let now = 0;
  const meter = new Meter({ nowMs: () => now });
  await meter.measure({
    name: 'w',
    directory,
    calls: 4,
    opsPerCall: 10,
    callsPerPreparation: 2,
    prepare: () => (now += 1000),
    run: async (call) => {
      await pause(0);
      now += call + 1;
    },
  });
  expect(meter.measurements[0]).toMatchObject({ opsPerSec: 40 / 0.01, p50us: 2000, p99us: 3000 });
});

test('a call that holds the event loop is a pause', async () => {
  const meter = new Meter();
  await meter.measure({
    name: 'held',
    directory,
    calls: 20,
    watchPauses: true,
    run: (call) => {
      for (const end = performance.now() + (call === 10 ? 80 : 2); performance.now() < end; );
    },
  });
  expect(meter.measurements[0]!.pauseMaxUs).toBeGreaterThan(60_000);
});

test('clients wait for their own calls only', async () => {
  const meter = new Meter();
  let inFlight = 0;
  let most = 0;
  const done = [0, 0, 0];
  await meter.measureClients({
    name: 'clients',
    directory,
    clients: 3,
    callsPerClient: 4,
    run: async (client, call) => {
      expect(call).toBe(done[client]);
      most = Math.max(most, ++inFlight);
      await pause(client);
      inFlight--;
      done[client]!++;
    },
    facts: () => ({ most }),
  });
  expect(meter.measurements[0]!.facts).toEqual({ most: 3 });
  expect(done).toEqual([4, 4, 4]);
});

test('calls that warm up are numbered before the others and count for nothing', async () => {
  let nowMs = 0;
  const meter = new Meter({ nowMs: () => nowMs });
  const calls: string[] = [];
  await meter.measureClients({
    name: 'warm',
    directory,
    clients: 2,
    callsPerClient: 2,
    warmUpCalls: 3,
    run: async (client, call) => {
      calls.push(`${client}.${call}`);
      nowMs += call < 3 ? 1000 : 1;
    },
  });
  expect(calls.filter((call) => call.startsWith('1'))).toEqual(['1.0', '1.1', '1.2', '1.3', '1.4']);
  expect(calls.findIndex((call) => call.endsWith('3'))).toBe(6);
  // Four calls in four milliseconds.
  expect(meter.measurements[0]!.opsPerSec).toBe(1000);
});

test('only what is wanted is recorded, and what others need still runs', async () => {
  const meter = new Meter({ only: ['b/big'] });
  const ran: string[] = [];
  const workload = (name: string, needed = false) => ({ name, directory, calls: 1, needed, run: () => ran.push(name) });
  await meter.measure(workload('a', true));
  await meter.measure(workload('b'));
  await meter.suffixed('big').measure(workload('b'));
  expect(ran).toEqual(['a', 'b']);
  expect(meter.measurements.map((measurement) => measurement.workload)).toEqual(['b/big']);
});

test('a profile counts self time that was work, without the preparation of inputs', () => {
  const node = (id: number, functionName: string, children: number[] = []): Profiler.ProfileNode => ({
    id,
    callFrame: { functionName, scriptId: '', url: 'file:///x/y/memtable-AbCd_123.js', lineNumber: 1, columnNumber: 1 },
    children,
  });
  const profile = {
    nodes: [
      node(1, '(root)', [2, 3, 6]),
      node(2, 'prepare', [4]),
      node(3, 'get', [5]),
      node(4, 'keyOf'),
      node(5, 'find'),
      node(6, '(idle)'),
    ],
    startTime: 0,
    endTime: 1,
    samples: [1, 2, 4, 4, 3, 5, 5, 5, 6, 6],
  };
  profile.nodes[5]!.callFrame.url = '';
  profile.nodes[0]!.callFrame.url = '';
  expect(selfTimes(profile)).toEqual([
    { function: 'find (memtable.js)', share: 0.75 },
    { function: 'get (memtable.js)', share: 0.25 },
  ]);
});
