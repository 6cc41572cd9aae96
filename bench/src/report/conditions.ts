/** The machine, the day and the versions that figures belong to. */

import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem, type } from 'node:os';
import { fileURLToPath } from 'node:url';
import { NOT_PEERS } from '../engine.js';

export interface Conditions {
  readonly date: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
}

/** Linux's number for a file system in memory, where a sync costs nothing. */
const TMPFS = 0x01021994;

export function conditionsNow(engines: readonly string[]): Conditions {
  const processors = cpus();
  const memoryGb = (totalmem() / 2 ** 30).toFixed(0);
  const place =
    existsSync(tmpdir()) && statfsSync(tmpdir()).type === TMPFS ? ', files in memory: syncs cost nothing' : '';
  const peers = engines.filter((engine) => !NOT_PEERS.includes(engine));
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${processors.length} × ${processors[0]?.model.trim()}, ${memoryGb} GB, ${type()} ${release()}${place}`,
    versions: {
      node: process.version,
      varve: versionIn('../../../package.json'),
      ...Object.fromEntries(peers.map((name) => [name, versionIn(`../../node_modules/${name}/package.json`)])),
    },
  };
}

function versionIn(manifest: string): string {
  try {
    const text = readFileSync(fileURLToPath(new URL(manifest, import.meta.url)), 'utf8');
    return (JSON.parse(text) as { version: string }).version;
  } catch {
    return 'not installed';
  }
}
