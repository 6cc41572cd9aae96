/** Data with an invariant, and transactions that keep it as long as they are isolated from each other. */

import { expect } from 'vitest';
import { type Random, randomBelow } from '../../../src/base/index.js';
import type { Database } from '../../../src/database.js';
import type { Isolation } from '../../../src/mvcc/index.js';
import type { DatabaseSnapshot } from '../../../src/snapshot.js';
import type { DatabaseTransaction } from '../../../src/transaction.js';

export abstract class Workload {
  isolation: Isolation = 'serializable';
  /** Commits that were acknowledged to somebody, each with the key that it left for good. */
  readonly #acknowledged: [key: string, number: number][] = [];
  #numbers = 0;

  get acknowledged(): number {
    return this.#acknowledged.length;
  }

  abstract fill(db: Database): Promise<void>;
  /** One change. */
  abstract apply(tx: DatabaseTransaction, random: Random, number: number): Promise<void>;
  abstract check(view: DatabaseSnapshot): void;

  /** Makes one change, in a transaction that also leaves its number behind. */
  async change(db: Database, random: Random, isAlive: () => boolean): Promise<void> {
    const number = ++this.#numbers;
    await db.transaction(
      async (tx) => {
        await this.apply(tx, random, number);
        await tx.put(['done', number], true);
      },
      { isolation: this.isolation, retries: 1000 },
    );
    if (isAlive()) this.#acknowledged.push(['done', number]);
  }

  checkAcknowledged(view: DatabaseSnapshot): void {
    const missing = this.#acknowledged.filter((key) => !view.hasSync(key));
    expect(missing, 'acknowledged, and gone').toEqual([]);
  }
}

/** The entries below `prefix`, by a scan that must agree with the one in the other direction. */
function entries<V>(view: DatabaseSnapshot, prefix: string): [key: unknown[], value: V][] {
  const ascending = [...view.scanSync<V>({ prefix: [prefix] })];
  const descending = [...view.scanSync<V>({ prefix: [prefix], reverse: true })];
  expect(descending.reverse()).toEqual(ascending);
  return ascending;
}

const ACCOUNTS = 10;
const BALANCE = 100;

/** An account that is emptied is deleted, so that scans see keys come and go. */
export class BankWorkload extends Workload {
  async fill(db: Database): Promise<void> {
    await db.transaction(async (tx) => {
      for (let i = 0; i < ACCOUNTS; i++) await tx.put(['account', i], BALANCE);
    });
  }

  async apply(tx: DatabaseTransaction, random: Random): Promise<void> {
    const [from, to] = [randomBelow(random, ACCOUNTS), randomBelow(random, ACCOUNTS)];
    const balance = (await tx.get<number>(['account', from])) ?? 0;
    const amount = 1 + randomBelow(random, BALANCE);
    if (from === to || amount > balance) return;
    if (amount === balance) await tx.delete(['account', from]);
    else await tx.put(['account', from], balance - amount);
    await tx.put(['account', to], ((await tx.get<number>(['account', to])) ?? 0) + amount);
  }

  check(view: DatabaseSnapshot): void {
    const total = entries<number>(view, 'account').reduce((sum, [, balance]) => sum + balance, 0);
    expect(total).toBe(ACCOUNTS * BALANCE);
    const keys = Array.from({ length: ACCOUNTS }, (_, account) => ['account', account]);
    const balances = view.getManySync<number>(keys).map((balance) => balance ?? 0);
    expect(balances.reduce((sum, balance) => sum + balance, 0)).toBe(ACCOUNTS * BALANCE);
  }
}

const NODES = 12;

/** A circular list, each key naming the next; a change moves a node elsewhere and so writes three keys. */
export class RingWorkload extends Workload {
  async fill(db: Database): Promise<void> {
    await db.transaction(async (tx) => {
      for (let i = 0; i < NODES; i++) await tx.put(['node', i], (i + 1) % NODES);
    });
  }

  async apply(tx: DatabaseTransaction, random: Random): Promise<void> {
    const [before, target] = [randomBelow(random, NODES), randomBelow(random, NODES)];
    const moved = await nextOf(tx, before);
    if (target === before || target === moved) return;
    await tx.put(['node', before], await nextOf(tx, moved));
    await tx.put(['node', moved], await nextOf(tx, target));
    await tx.put(['node', target], moved);
  }

  check(view: DatabaseSnapshot): void {
    const next = new Map(entries<number>(view, 'node').map(([[, node], to]) => [node, to]));
    const visited = new Set<number>();
    for (let node = 0; !visited.has(node); node = next.get(node)!) visited.add(node);
    expect([visited.size, next.size]).toEqual([NODES, NODES]);
  }
}

async function nextOf(tx: DatabaseTransaction, node: number): Promise<number> {
  return (await tx.get<number>(['node', node]))!;
}

/** A counter, and a key for every number that it has had. */
export class CounterWorkload extends Workload {
  async fill(db: Database): Promise<void> {
    await db.put('counter', 0);
  }

  async apply(tx: DatabaseTransaction): Promise<void> {
    const next = (await tx.get<number>('counter'))! + 1;
    await tx.put('counter', next);
    await tx.put(['count', next], true);
  }

  check(view: DatabaseSnapshot): void {
    const counts = entries<boolean>(view, 'count').map(([[, count]]) => count);
    expect(counts).toEqual(Array.from({ length: counts.length }, (_, at) => at + 1));
    expect(view.getSync('counter')).toBe(counts.length);
    expect(entries(view, 'done')).toHaveLength(counts.length);
  }
}

const NAMES = 40;

/** A name may be taken once. Taken or not is asked by the key or by a range. */
export class UniqueNameWorkload extends Workload {
  async fill(): Promise<void> {
    // Nobody has a name.
  }

  async apply(tx: DatabaseTransaction, random: Random, number: number): Promise<void> {
    const name = randomBelow(random, NAMES);
    // Under `snapshot` a range that was read does not keep others out, the key that is written does.
    const byRange = this.isolation === 'serializable' && randomBelow(random, 2) === 0;
    const taken = byRange ? [...tx.scanSync({ prefix: ['name', name] })].length > 0 : await tx.has(['name', name]);
    if (taken && randomBelow(random, 3) > 0) return;
    const owner = await tx.get<number>(['name', name]);
    if (owner !== undefined) await tx.delete(['owner', owner]);
    if (owner !== undefined) await tx.delete(['name', name]);
    else
      await tx.batch([
        { type: 'put', key: ['name', name], value: number },
        { type: 'put', key: ['owner', number], value: name },
      ]);
  }

  check(view: DatabaseSnapshot): void {
    const names = entries<number>(view, 'name').map(([[, name], owner]) => [owner, name]);
    const owners = entries<number>(view, 'owner').map(([[, owner], name]) => [owner, name]);
    expect(names.sort((a, b) => Number(a[0]) - Number(b[0]))).toEqual(owners);
  }
}

/** Writers write a key each, unseen; what one reader sees, every other sees wholly, or sees only a part of. */
export class LongForkWorkload extends Workload {
  #largest = new Set<number>();

  async fill(): Promise<void> {
    // Nothing has been written.
  }

  async apply(): Promise<void> {
    // The number that every change leaves is all there is.
  }

  check(view: DatabaseSnapshot): void {
    const seen = new Set(entries(view, 'done').map(([[, number]]) => Number(number)));
    const [small, large] = seen.size < this.#largest.size ? [seen, this.#largest] : [this.#largest, seen];
    expect([...small].filter((number) => !large.has(number))).toEqual([]);
    // What a reader has seen was durable, so it is never seen less of by one that begins later.
    expect(seen.size).toBe(large.size);
    this.#largest = large;
  }
}

const MEMBERS_MAX = 5;

/** A group that lets in whoever finds fewer than so many members; whoever finds it full takes one out. */
export class PhantomCountWorkload extends Workload {
  async fill(db: Database): Promise<void> {
    await db.put(['member', 0], true);
  }

  async apply(tx: DatabaseTransaction, random: Random, number: number): Promise<void> {
    const members = [...tx.scanSync({ prefix: ['member'] })].map(([key]) => key);
    if (members.length < MEMBERS_MAX) await tx.put(['member', number], true);
    else await tx.delete(members[randomBelow(random, members.length)]!);
  }

  check(view: DatabaseSnapshot): void {
    const members = entries(view, 'member').length;
    expect(members).toBeGreaterThan(0);
    expect(members).toBeLessThanOrEqual(MEMBERS_MAX);
  }
}
