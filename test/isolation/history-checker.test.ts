/** The history checker itself: each anomaly in a history made by hand, and histories in which there is none. */

import { describe, expect, test } from 'vitest';
import { titleOf } from '../support/history-checker/anomaly.js';
import { checkHistory } from '../support/history-checker/check-history.js';
import { listKey, type Operation, type RecordedTransaction, registerKey } from '../support/history-checker/history.js';

const [x, y] = [listKey(1), listKey(2)];
const [r, s] = [registerKey(1), registerKey(2)];

type Ending = Partial<Omit<RecordedTransaction, 'name' | 'operations'>>;

/** Transactions that overlap, unless they say when they began and ended. */
function tx(name: string, operations: readonly Operation[], ending: Ending = {}): RecordedTransaction {
  return {
    name,
    operations,
    outcome: 'committed',
    beganAt: 0,
    endedAt: (ending.beganAt ?? 0) + 1000,
    snapshotTimestamp: 0,
    commitTimestamp: undefined,
    ...ending,
  };
}

const get = (key: string, saw?: string): Operation => ({ do: 'get', key, saw });
const put = (key: string, value: string): Operation => ({ do: 'put', key, value });
const remove = (key: string, version: number): Operation => ({ do: 'delete', key, version });
const scan = (saw: readonly (readonly [string, string])[], { reverse = false, limit = 9 } = {}): Operation => ({
  do: 'scan',
  lower: registerKey(0),
  upper: registerKey(9),
  reverse,
  limit,
  saw,
});
const [savepoint, undo, release]: Operation[] = [{ do: 'savepoint' }, { do: 'undo' }, { do: 'release' }];

function check(transactions: readonly RecordedTransaction[], isolation: 'serializable' | 'snapshot' = 'serializable') {
  const { anomalies, permitted } = checkHistory({ transactions, keys: new Set([x, y, r, s]) }, isolation);
  return { anomalies: anomalies.map(titleOf), permitted: permitted.map(titleOf) };
}

describe('forbidden under both levels', () => {
  const cases: [kind: string, what: string, transactions: RecordedTransaction[]][] = [
    [
      'G0',
      'two writers of two keys, each first once',
      [tx('T1', [put(x, '1'), put(y, '3,2')]), tx('T2', [put(x, '1,4'), put(y, '3')])],
    ],
    ['G1a', 'a read of what was aborted', [tx('T1', [put(x, '1')], { outcome: 'aborted' }), tx('T2', [get(x, '1')])]],
    [
      'G1a',
      'a read of what was built on something aborted',
      [tx('T1', [put(x, '1')], { outcome: 'aborted' }), tx('T2', [put(x, '1,2')])],
    ],
    [
      'G1a',
      'a read of what a savepoint took back',
      [tx('T1', [savepoint!, put(x, '1'), undo!]), tx('T2', [get(x, '1')])],
    ],
    ['G1b', 'a list that ends within a transaction', [tx('T1', [put(x, '1'), put(x, '1,2')]), tx('T2', [get(x, '1')])]],
    ['G1b', 'a register before its last value', [tx('T1', [put(r, '1'), put(r, '2')]), tx('T2', [get(r, '1')])]],
    [
      'G1c',
      'two transactions that see each other',
      [tx('T1', [put(x, '1'), get(y, '2')]), tx('T2', [put(y, '2'), get(x, '1')])],
    ],
    [
      'P4',
      'two overwrites of one version of a register',
      [
        tx('T0', [put(r, '1')], { commitTimestamp: 1 }),
        tx('T1', [get(r, '1'), put(r, '2')], { commitTimestamp: 2, snapshotTimestamp: 1 }),
        tx('T2', [get(r, '1'), put(r, '3')], { commitTimestamp: 3, snapshotTimestamp: 1 }),
      ],
    ],
    [
      'incompatible-order',
      'two appends to one state of a list',
      [tx('T0', [put(x, '1')]), tx('T1', [get(x, '1'), put(x, '1,2')]), tx('T2', [get(x, '1'), put(x, '1,3')])],
    ],
    ['G-single', 'half of a transaction', [tx('T1', [put(x, '1'), put(y, '2')]), tx('T2', [get(x, '1'), get(y)])]],
    [
      'G-single',
      'half of a transaction, in a scan',
      [tx('T1', [put(r, '1'), put(s, '2')], { commitTimestamp: 1 }), tx('T2', [scan([[r, '1']])])],
    ],
    [
      'G-single',
      'half of a transaction, by one that was aborted later',
      [tx('T1', [put(x, '1'), put(y, '2')]), tx('T2', [get(x, '1'), get(y)], { outcome: 'aborted' })],
    ],
    [
      'G-single',
      'half of a transaction that was never acknowledged',
      [
        tx('T1', [put(x, '1'), put(y, '2')], { outcome: 'unknown', endedAt: undefined }),
        tx('T2', [get(x, '1'), get(y)], { beganAt: 5 }),
      ],
    ],
    [
      'G-nonadjacent',
      'a long fork: two readers and two orders',
      [
        tx('W1', [put(x, '1')]),
        tx('W2', [put(y, '2')]),
        tx('R1', [get(x, '1'), get(y)]),
        tx('R2', [get(x), get(y, '2')]),
      ],
    ],
    [
      'G-single in real time',
      'an acknowledged commit that is not seen',
      [tx('T1', [put(x, '1')], { endedAt: 5 }), tx('T2', [get(x)], { beganAt: 6 })],
    ],
    [
      'G-single in real time',
      'a client that goes back in time',
      [
        tx('T1', [put(x, '1')]),
        tx('R1', [get(x, '1')], { beganAt: 2, endedAt: 3 }),
        tx('R2', [get(x)], { beganAt: 4, endedAt: 5 }),
      ],
    ],
    [
      'G-single in real time',
      'a deletion that is not seen',
      [
        tx('T1', [put(r, '1')], { commitTimestamp: 1, endedAt: 1 }),
        tx('T2', [remove(r, 2)], { commitTimestamp: 2, beganAt: 2, endedAt: 3 }),
        tx('T3', [get(r, '1')], { beganAt: 4, endedAt: 5 }),
      ],
    ],
    ['internal', 'an own write that is not read', [tx('T1', [put(x, '1'), get(x)])]],
    ['internal', 'a key that changes', [tx('T0', [put(x, '1')]), tx('T1', [get(x), get(x, '1')])]],
    ['internal', 'a scan that differs from a get', [tx('T1', [put(r, '1'), scan([])])]],
    [
      'scan',
      'keys in the wrong order',
      [
        tx('T1', [
          put(r, '1'),
          put(s, '2'),
          scan([
            [s, '2'],
            [r, '1'],
          ]),
        ]),
      ],
    ],
    [
      'scan',
      'more than the limit',
      [
        tx('T1', [
          put(r, '1'),
          put(s, '2'),
          scan(
            [
              [r, '1'],
              [s, '2'],
            ],
            { limit: 1 },
          ),
        ]),
      ],
    ],
    ['garbage', 'a value from nowhere', [tx('T1', [get(r, '99')])]],
    [
      'timestamp',
      'two commits with one number',
      [tx('T1', [put(r, '1')], { commitTimestamp: 1 }), tx('T2', [put(s, '2')], { commitTimestamp: 1 })],
    ],
  ];

  test.each(cases)('%s: %s', (kind, _what, transactions) => {
    for (const isolation of ['serializable', 'snapshot'] as const) {
      expect(check(transactions, isolation).anomalies).toContain(kind);
    }
  });
});

describe('permitted under snapshot only', () => {
  const cases: [kind: string, what: string, transactions: RecordedTransaction[]][] = [
    ['G2-item', 'write skew', [tx('T1', [get(x), put(y, '1')]), tx('T2', [get(y), put(x, '2')])]],
    [
      'G2-item',
      'the read-only anomaly',
      [
        tx('Withdrawal', [get(x), get(y), put(x, '1')], { beganAt: 0, endedAt: 9 }),
        tx('Deposit', [get(y), put(y, '2')], { beganAt: 1, endedAt: 2 }),
        tx('Report', [get(x), get(y, '2')], { beganAt: 3, endedAt: 4 }),
      ],
    ],
    [
      'G2',
      'phantoms',
      [
        tx('T1', [scan([]), put(r, '1')], { commitTimestamp: 1 }),
        tx('T2', [scan([]), put(s, '2')], { commitTimestamp: 2 }),
      ],
    ],
    [
      'G2',
      'a key that a scan with a limit went past',
      [
        tx('T0', [put(s, '9')], { commitTimestamp: 1 }),
        tx('T1', [scan([[s, '9']], { limit: 1 }), put(x, '1')], { commitTimestamp: 2, snapshotTimestamp: 1 }),
        tx('T2', [get(x), put(r, '2')], { commitTimestamp: 3, snapshotTimestamp: 1 }),
      ],
    ],
  ];

  test.each(cases)('%s: %s', (kind, _what, transactions) => {
    expect(check(transactions).anomalies).toEqual([kind]);
    expect(check(transactions, 'snapshot')).toEqual({ anomalies: [], permitted: [kind] });
  });
});

describe('no anomaly', () => {
  const cases: [what: string, transactions: RecordedTransaction[]][] = [
    [
      'a serial history',
      [
        tx('T1', [get(x), put(x, '1'), put(r, '7')], { beganAt: 0, endedAt: 1, commitTimestamp: 1 }),
        tx('T2', [get(x, '1'), put(x, '1,2'), remove(r, 8)], { beganAt: 2, endedAt: 3, commitTimestamp: 2 }),
        tx('T3', [get(x, '1,2'), get(r), scan([])], { beganAt: 4, endedAt: 5, snapshotTimestamp: 2 }),
      ],
    ],
    [
      'a reader that began before the commit and does not see it',
      [tx('T1', [put(x, '1')], { endedAt: 5 }), tx('T2', [get(x)], { beganAt: 4, endedAt: 9 })],
    ],
    [
      'blind writes that overlap',
      [
        tx('T1', [put(r, '1'), put(s, '2')], { commitTimestamp: 2 }),
        tx('T2', [put(r, '3'), put(s, '4')], { commitTimestamp: 1 }),
        tx('T3', [get(r, '1'), get(s, '2')], { beganAt: 1001, snapshotTimestamp: 2 }),
      ],
    ],
    [
      'savepoints, kept and undone',
      [
        tx('T1', [put(x, '1'), savepoint!, put(x, '1,2'), undo!, savepoint!, put(y, '3'), release!, get(x, '1')]),
        tx('T2', [get(x, '1'), get(y, '3')]),
      ],
    ],
    [
      'commits that were never acknowledged: one is there, one is not',
      [
        tx('T1', [put(x, '1'), put(y, '2')], { outcome: 'unknown', endedAt: undefined }),
        tx('T2', [put(x, '3')], { outcome: 'unknown', endedAt: undefined }),
        tx('T3', [get(x, '1'), get(y, '2')], { beganAt: 1001 }),
      ],
    ],
    [
      'a deletion that was never acknowledged, and is there',
      [
        tx('T1', [put(r, '1')], { commitTimestamp: 1, endedAt: 1 }),
        tx('T2', [remove(r, 2)], { outcome: 'unknown', beganAt: 2, endedAt: undefined, snapshotTimestamp: 1 }),
        tx('T3', [get(r), scan([])], { beganAt: 3, snapshotTimestamp: 2 }),
      ],
    ],
    [
      'a scan with a limit does not read what is behind its last key',
      [
        tx('T0', [put(r, '9')], { commitTimestamp: 1 }),
        tx('T1', [scan([[r, '9']], { limit: 1 }), put(x, '1')], { commitTimestamp: 2, snapshotTimestamp: 1 }),
        tx('T2', [get(x), put(s, '2')], { commitTimestamp: 3, snapshotTimestamp: 1 }),
      ],
    ],
    [
      'a snapshot of the past',
      [tx('T1', [put(x, '1')], { endedAt: 5 }), tx('Past', [get(x)], { beganAt: undefined, endedAt: undefined })],
    ],
  ];

  test.each(cases)('%s', (_what, transactions) => {
    for (const isolation of ['serializable', 'snapshot'] as const) {
      expect(check(transactions, isolation)).toEqual({ anomalies: [], permitted: [] });
    }
  });
});

test('a cycle is told in words', () => {
  const transactions = [tx('T1', [put(x, '1'), put(y, '2')]), tx('T2', [get(x, '1'), get(y)])];
  const { anomalies } = checkHistory({ transactions, keys: new Set([x, y]) }, 'snapshot');
  expect(anomalies.map((found) => found.message)).toEqual([`T2 –rw ${y}→ T1 –wr ${x}→ T2`]);
});
