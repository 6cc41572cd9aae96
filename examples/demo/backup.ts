/** A backup taken while writing goes on, restored and compared. */

import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Database, open, restore, verify } from 'varve';
import { ENTITIES } from './entities.js';
import { type Report, timed } from './report.js';

const TABLES = ['airports', 'flights', 'zip_codes'];

export async function showBackup(db: Database, folder: string, report: Report): Promise<void> {
  report.section('A backup during writes, restored');
  const writer = new TickWriter(db);
  await writer.written(50);
  const beforeBackup = writer.acknowledged;
  const [, backupSeconds] = await timed(() => db.backup(join(folder, 'backup')));
  const afterBackup = writer.acknowledged;
  await writer.written(afterBackup + 50);
  await writer.stop();

  const [, restoreSeconds] = await timed(() => restore(join(folder, 'backup'), join(folder, 'restored')));
  const restored = await open(join(folder, 'restored'), { entities: ENTITIES });
  const [original, copy] = [await countRows(db), await countRows(restored)];
  report.table(
    ['', ...TABLES, 'ticks'],
    [
      ['database', ...original],
      ['restored', ...copy],
    ],
  );
  const during = afterBackup - beforeBackup;
  report.note(
    `backup ${backupSeconds.toFixed(2)} s, ${during} ticks acknowledged meanwhile; restore ${restoreSeconds.toFixed(2)} s`,
  );
  report.checkEqual('the restored tables have as many rows', copy.slice(0, -1), original.slice(0, -1));
  const ticks = await ticksOf(restored);
  report.check(
    `it holds the ${beforeBackup} ticks acknowledged before the backup, and none written after it`,
    ticks.length >= beforeBackup && ticks.length <= afterBackup + 1,
  );
  report.check(
    'its ticks have no gap',
    ticks.every((tick, i) => tick === i),
  );
  report.check('the database went on writing after that', original.at(-1)! > ticks.length);
  await restored.close();
  const { problems } = await verify(join(folder, 'restored'));
  report.checkEqual('every checksum and order in the restored files verifies', problems.map(String), []);
}

/** Writes the ticks 0, 1, 2, … one commit after the other until it is stopped. */
class TickWriter {
  acknowledged = 0;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(db: Database) {
    this.#running = this.#run(db);
  }

  async #run(db: Database): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await db.put(['tick', this.acknowledged], this.acknowledged);
      this.acknowledged++;
    }
  }

  async written(count: number): Promise<void> {
    while (this.acknowledged < count) await Promise.race([this.#running, delay(1)]);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}

async function countRows(db: Database): Promise<number[]> {
  const counts: number[] = [];
  for (const table of TABLES) {
    const [row] = await db.sql<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table}`);
    counts.push(row?.n ?? Number.NaN);
  }
  return [...counts, (await ticksOf(db)).length];
}

async function ticksOf(db: Database): Promise<number[]> {
  const ticks: number[] = [];
  for await (const [, tick] of db.scan<number>({ prefix: ['tick'] })) ticks.push(tick);
  return ticks;
}
