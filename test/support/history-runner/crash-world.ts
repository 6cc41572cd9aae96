/**
 * A database whose machine crashes while clients use it, and comes back with what the device may hold then. Commits are
 * acknowledged when they are durable, so whatever the crash leaves, what was acknowledged is there.
 */

import { type Random, randomBelow } from '../../../src/base/index.js';
import { type Database, open } from '../../../src/database.js';
import type { DatabaseOptions } from '../../../src/options.js';
import { CRASH_MODES, MemFileSystem } from '../../../src/vfs/index.js';
import { SimulatedWorld } from './simulated-world.js';

const SMALL: DatabaseOptions = {
  memtableBytes: 4096,
  blockBytes: 256,
  tableBytes: 1024,
  blockCache: { bytes: 16 * 1024 },
  compression: 'none',
  compaction: { level0Runs: 2, levelBaseBytes: 4096, sizeRatio: 2 },
};

const PAUSE_MS_MAX = 2;

export interface Session {
  readonly clients: number;
  /** How many each client does, if there is no crash. */
  readonly steps: number;
  /**
   * What a client does. `isAlive` turns false with the crash: what is answered after that was answered to nobody, and is
   * gone unless it was durable before.
   */
  readonly step: (db: Database, random: Random, isAlive: () => boolean) => Promise<void>;
  readonly crashes: boolean;
  /** Runs alone before the clients, on what the last session left. */
  readonly before?: (db: Database) => Promise<void>;
  /** Runs alone after them, where there was no crash. */
  readonly after?: (db: Database) => Promise<void>;
}

export class CrashWorld {
  readonly #world: SimulatedWorld;
  #fileSystem = new MemFileSystem({ trackCrashes: true });

  constructor(random: Random) {
    this.#world = new SimulatedWorld(random);
  }

  /** Opens the database, lets the clients work, and ends by closing it or by a crash. */
  session(session: Session): Promise<void> {
    return this.#world.scheduler.run(this.#session(session));
  }

  async #session({ clients, steps, step, crashes, before, after }: Session): Promise<void> {
    const { random, scheduler } = this.#world;
    const fileSystem = this.#fileSystem;
    const db = await open('/db', { ...SMALL, environment: this.#world.environment(fileSystem) });
    await before?.(db);
    const state = { alive: true, started: 0 };
    const crashAt = crashes ? randomBelow(random, clients * steps) : Number.POSITIVE_INFINITY;
    const crash = () => {
      state.alive = false;
      this.#fileSystem = fileSystem.crashImage(CRASH_MODES[randomBelow(random, CRASH_MODES.length)]!, random);
    };
    const client = async () => {
      for (let i = 0; i < steps && state.alive; i++) {
        await scheduler.pause(random.float() * PAUSE_MS_MAX);
        if (!state.alive) return;
        if (state.started++ === crashAt) scheduler.after(random.float() * PAUSE_MS_MAX, crash);
        await step(db, random, () => state.alive);
      }
    };
    await Promise.all(Array.from({ length: clients }, client));
    // A crash that was due at the very end comes now.
    if (crashes) await scheduler.pause(PAUSE_MS_MAX);
    else await after?.(db);
    // After a crash this closes what is left of it in the old world; the next session starts from the image.
    await db.close();
  }
}
