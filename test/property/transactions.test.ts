import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ConflictError, rangeContains, utf8Decode } from '../../src/base/index.js';
import type { ChangeGroup, Isolation, Savepoint, Transaction, TransactionalStore } from '../../src/mvcc/index.js';
import { EntryKind, WriteBatch } from '../../src/storage/index.js';
import { bytes, entry, openMemoryStore, read, scan, write } from '../support/memory-store.js';
import { ModelStore, type ModelTransaction } from '../support/model-store.js';
import { propertyOptions } from '../support/seed.js';

const SESSIONS = 4;

type Operation =
  | { readonly do: 'get' | 'put' | 'delete' | 'lock'; readonly key: string }
  | {
      readonly do: 'scan';
      readonly lower: string;
      readonly upper: string;
      readonly reverse: boolean;
      readonly limit: number;
    }
  | { readonly do: 'clear'; readonly lower: string; readonly upper: string }
  | { readonly do: 'savepoint' | 'rollbackToSavepoint' };

type Step =
  | { readonly session: number; readonly operation: Operation }
  | { readonly session: number; readonly end: 'commit' | 'commitSync' | 'rollback' }
  | { readonly wait: 'settle' | 'flush' };

/** What one transaction did and saw, and how it ended. */
interface History {
  readonly tx: Transaction;
  readonly steps: { readonly operation: Operation; readonly value: string; readonly saw: string }[];
  committed: number | undefined;
  wrote: boolean;
}

const KEYS = ['a', 'b', 'c', 'd', 'e'];
const key = fc.constantFrom(...KEYS);
const upper = fc.constantFrom('b', 'c', 'd', 'e', 'f');
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('get' as const, 'put' as const), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('delete' as const, 'lock' as const), key }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('scan' as const),
      lower: key,
      upper,
      reverse: fc.boolean(),
      limit: fc.constantFrom(1, 2, 9),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const), lower: key, upper }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('savepoint' as const, 'rollbackToSavepoint' as const) }) },
);
const session = fc.nat(SESSIONS - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ session, operation }) },
  {
    weight: 3,
    arbitrary: fc.record({
      session,
      end: fc.constantFrom('commit' as const, 'commit' as const, 'commitSync' as const, 'rollback' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ wait: fc.constantFrom('settle' as const, 'settle' as const, 'flush' as const) }),
  },
);

type AnySavepoint = Pick<Savepoint, 'rollback'>;

/** Runs one operation, on the real thing or the model; what it saw, as text. */
function perform(
  view: Transaction | ModelTransaction,
  savepoints: AnySavepoint[],
  action: Operation,
  value: string,
): string {
  switch (action.do) {
    case 'get':
      return String(read(view, action.key));
    case 'put':
      write(view, action.key, value);
      return '';
    case 'delete':
      view.delete(bytes(action.key));
      return '';
    case 'lock':
      view.lock(bytes(action.key));
      return '';
    case 'clear':
      view.clear({ lower: bytes(action.lower), upper: bytes(action.upper) });
      return '';
    case 'savepoint':
      savepoints.push(view.savepoint());
      return '';
    case 'rollbackToSavepoint':
      savepoints.pop()?.rollback();
      return '';
    case 'scan': {
      const cursor = view.cursor(
        { lower: bytes(action.lower), upper: bytes(action.upper) },
        { reverse: action.reverse },
      );
      const seen: string[] = [];
      while (seen.length < action.limit && cursor.next()) seen.push(entry(cursor));
      cursor.close();
      return seen.join();
    }
  }
}

/** Runs `script` in interleaved transactions; every history is complete when this resolves. */
async function interleave(
  store: TransactionalStore,
  isolation: Isolation,
  script: readonly Step[],
): Promise<History[]> {
  const histories: History[] = [];
  const open = new Map<number, { history: History; savepoints: AnySavepoint[] }>();
  const commits: Promise<void>[] = [];
  const current = (id: number) => {
    let session = open.get(id);
    if (session === undefined) {
      const history: History = { tx: store.begin({ isolation }), steps: [], committed: undefined, wrote: false };
      histories.push(history);
      session = { history, savepoints: [] };
      open.set(id, session);
    }
    return session;
  };
  const commit = async (history: History, sync: boolean) => {
    const begun = (): number => store.stats().commits + store.stats().commitsInFlight;
    const before = begun();
    try {
      const timestamp = sync ? history.tx.commitSync() : await history.tx.commit();
      history.committed = timestamp;
      history.wrote = timestamp > history.tx.snapshotTimestamp;
      if (sync) expect(begun() - before).toBe(history.wrote ? 1 : 0);
    } catch (error) {
      expect(error).toBeInstanceOf(ConflictError);
    }
  };
  for (const [at, next] of script.entries()) {
    if ('wait' in next) {
      if (next.wait === 'flush') await store.engine.flush();
      else await Promise.all(commits.splice(0));
      continue;
    }
    const { history, savepoints } = current(next.session);
    if ('operation' in next) {
      const saw = perform(history.tx, savepoints, next.operation, String(at));
      history.steps.push({ operation: next.operation, value: String(at), saw });
      continue;
    }
    open.delete(next.session);
    if (next.end === 'rollback') history.tx.rollback();
    else commits.push(commit(history, next.end === 'commitSync'));
  }
  for (const { history } of open.values()) commits.push(commit(history, false));
  await Promise.all(commits);
  return histories;
}

/** Does it again on a transaction of `model` that is alone; throws where it sees something else. */
function replay(history: History, model: ModelStore): ModelTransaction {
  const tx = model.begin();
  const savepoints: AnySavepoint[] = [];
  for (const { operation: action, value, saw } of history.steps) {
    expect({ action, saw: perform(tx, savepoints, action, value) }).toEqual({ action, saw });
  }
  return tx;
}

function byCommit(histories: readonly History[]): History[] {
  return histories
    .filter((history) => history.committed !== undefined)
    .sort((a, b) => a.committed! - b.committed! || Number(b.wrote) - Number(a.wrote));
}

function stateAsOf(model: ModelStore, timestamp: number): ModelStore {
  const past = new ModelStore();
  past.apply(model.list(timestamp));
  return past;
}

/** What others may not have written, or locked beside writing, meanwhile. */
function claimedKeys(tx: ModelTransaction, history: History): Set<string> {
  const locked = history.steps.flatMap(({ operation: made }) => (made.do === 'lock' ? [made.key] : []));
  const written = tx.writes.flatMap((made) =>
    'key' in made ? [utf8Decode(made.key)] : KEYS.filter((name) => rangeContains(made.cleared, bytes(name))),
  );
  return new Set([...written, ...locked]);
}

/** Every state there has been is readable, and the list of changes leads from each to the next, merged or not. */
async function checkPast(store: TransactionalStore, model: ModelStore): Promise<void> {
  await store.engine.compact();
  // Commits that cleared nothing are not told: one to end with.
  const last = new WriteBatch();
  last.put(bytes('last'), bytes('!'));
  model.apply([{ key: bytes('last'), value: bytes('!') }], store.writeSync(last));
  const replayed = new ModelStore();
  await using feed = store.changes({ range: {}, since: 0 }, (group: ChangeGroup) => group);
  while (replayed.lastTimestamp < store.lastTimestamp) {
    const { timestamp, changes } = (await feed.next()).value!;
    const writes = changes.map(({ kind, key: changed, value }) => ({
      key: changed,
      value: kind === EntryKind.Delete ? undefined : value,
    }));
    replayed.apply(writes, timestamp);
    using past = store.snapshot({ asOf: timestamp });
    expect(scan(past)).toEqual(scan(model.view(timestamp)));
    expect(scan(replayed.view())).toEqual(scan(past));
  }
}

const scripts = fc.array(step, { minLength: 10, maxLength: 80, size: 'max' });

test('serializable transactions see what they would see one after the other, in the order of their timestamps', async () => {
  let commits = 0;
  let conflicts = 0;
  await fc.assert(
    fc.asyncProperty(scripts, async (script) => {
      const store = await openMemoryStore({ history: { ms: 1e9 } });
      const histories = await interleave(store, 'serializable', script);
      const model = new ModelStore();
      for (const history of byCommit(histories)) {
        const tx = replay(history, model);
        if (history.wrote) tx.commit(history.committed);
      }
      expect(scan(store.latest())).toEqual(scan(model.view()));
      await checkPast(store, model);
      commits += store.stats().commits;
      conflicts += store.stats().conflicts;
      await store.close();
    }),
    propertyOptions(150),
  );
  expect(commits).toBeGreaterThan(100);
  expect(conflicts).toBeGreaterThan(20);
});

test('snapshot transactions see their snapshot, and of two that overlap only one commits a key', async () => {
  let conflicts = 0;
  await fc.assert(
    fc.asyncProperty(scripts, async (script) => {
      const store = await openMemoryStore();
      const histories = await interleave(store, 'snapshot', script);
      const model = new ModelStore();
      const committed: { history: History; keys: Set<string> }[] = [];
      for (const history of byCommit(histories)) {
        const tx = replay(history, stateAsOf(model, history.tx.snapshotTimestamp));
        if (!history.wrote) continue;
        model.apply(tx.writes, history.committed);
        const keys = claimedKeys(tx, history);
        for (const earlier of committed) {
          if (earlier.history.committed! <= history.tx.snapshotTimestamp) continue;
          expect([...keys].filter((name) => earlier.keys.has(name))).toEqual([]);
        }
        committed.push({ history, keys });
      }
      expect(scan(store.latest())).toEqual(scan(model.view()));
      conflicts += store.stats().conflicts;
      await store.close();
    }),
    propertyOptions(100),
  );
  expect(conflicts).toBeGreaterThan(20);
});
