/**
 * The bulk loads of an engine: those that are being written, and the step that links the tables of one into the tree. That
 * step comes in the order of commits and while no memtable holds anything, so that the tables are newer than all there is.
 */

import { join } from 'node:path';
import { BulkLoad, type LoadHost } from '../bulk-load/bulk-load.js';
import { placeTables } from '../bulk-load/placement.js';
import type { Timestamp } from '../entry.js';
import type { TableMeta } from '../format/manifest-edit.js';
import type { CommitTimes } from '../version/commit-times.js';
import type { VersionSet } from '../version/version-set.js';
import type { EngineDependencies, EngineOptions } from './engine-options.js';
import type { Gate } from './gate.js';
import type { Maintenance } from './maintenance.js';

/** The parts of the engine that loads work with. */
export interface LoadsHost {
  readonly directory: string;
  readonly gate: Gate;
  readonly versions: VersionSet;
  readonly times: CommitTimes;
  readonly maintenance: Maintenance;
  /** Settles when the files that were given up are unlinked; a failure to do so has poisoned the engine. */
  removed(): Promise<unknown>;
}

export interface LoadStats {
  /** Bulk loads committed. */
  readonly loads: number;
  /** What bulk loads have written, the parts that were merged later included. */
  readonly loadBytesWritten: number;
}

export class Loads {
  readonly #options: EngineOptions;
  readonly #dependencies: EngineDependencies;
  readonly #host: LoadsHost;
  readonly #open = new Set<BulkLoad>();
  #linked = 0;
  #bytesWritten = 0;

  constructor(options: EngineOptions, dependencies: EngineDependencies, host: LoadsHost) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#host = host;
  }

  stats(): LoadStats {
    return { loads: this.#linked, loadBytesWritten: this.#bytesWritten };
  }

  begin(memoryBytes: number): BulkLoad {
    const { directory, gate, versions } = this.#host;
    const { blockBytes, bloomBitsPerKey, compression, indexBytesMax, tableBytes, limits } = this.#options;
    gate.checkWritable();
    const host: LoadHost = {
      directory,
      format: { blockBytes, bloomBitsPerKey, compression, indexBytesMax },
      tableBytes,
      limits,
      executor: this.#dependencies.executor,
      allocateFileNumber: () => versions.allocateFileNumber(),
      checkWritable: () => gate.checkWritable(),
      remove: (names) => this.#remove(names),
      wrote: (bytes) => {
        this.#bytesWritten += bytes;
      },
      ended: (ended) => void this.#open.delete(ended),
    };
    const load = new BulkLoad(host, memoryBytes);
    this.#open.add(load);
    return load;
  }

  /** Makes `tables` part of the tree, durably, as the commit `timestamp`. An error leaves the manifest in doubt. */
  link(tables: readonly TableMeta[], timestamp: Timestamp): void {
    const { versions, times, maintenance } = this.#host;
    times.record(timestamp, this.#dependencies.environment.clock.nowMs());
    const dated = tables.map((table) => ({
      ...table,
      linkedAt: timestamp,
      minTimestamp: timestamp,
      maxTimestamp: timestamp,
    }));
    const newRun = versions.allocateFileNumber();
    const busy = maintenance.compactionSpan();
    const target = { version: versions.current, policy: this.#options.compaction, busy, newRun };
    versions.install({
      lastTimestamp: timestamp,
      times: times.upTo(timestamp, versions.prunedThrough),
      added: placeTables(dated, target),
      removed: [],
    });
    versions.durableNow();
    this.#linked++;
    const bytes = tables.reduce((sum, table) => sum + table.sizeBytes, 0);
    this.#dependencies.listener({ type: 'load', timestamp, tables: tables.length, bytes });
    maintenance.start();
  }

  /** Abandons the loads that have not been submitted; resolves when nothing is left of them. */
  async stop(): Promise<void> {
    await Promise.all([...this.#open].map((load) => load.abandon()));
  }

  async #remove(names: readonly string[]): Promise<void> {
    const { directory, gate, versions } = this.#host;
    // After a fault nothing is touched any more; the next open removes what is left.
    if (gate.poisoned) return;
    const { fileSystem } = this.#dependencies.environment;
    try {
      for (const name of names) if (fileSystem.exists(join(directory, name))) versions.addObsolete(name);
      versions.deleteObsolete();
      await this.#host.removed();
    } catch (cause) {
      gate.poison(cause);
    }
  }
}
