/**
 * A copy of the compiled library with one fault in it. The fault is a replacement in the text of one module, which must
 * occur exactly once: when the module changes, the test that plants the fault says so.
 *
 * The copy lies in a folder named `node_modules`, so that the test runner loads it as it is, and not as one of our sources.
 */

import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { StoreModules } from './history-run.js';

export interface PlantedBug {
  /** Path in `build/`. */
  readonly module: string;
  readonly original: string;
  readonly replacement: string;
}

/** Those that transactions need. */
const LAYERS = ['base', 'vfs', 'storage', 'recovery', 'mvcc'];

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Where copies of the library are put; disposing removes them. */
export class PlantedBugs implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'varve-planted-'));
  #copies = 0;

  async plant(bug: PlantedBug | undefined): Promise<StoreModules> {
    const copy = join(this.#directory, 'node_modules', `varve-${this.#copies++}`);
    for (const layer of LAYERS) {
      const filter = (path: string) => !/\.(map|d\.ts)$/.test(path);
      cpSync(join(root, 'build', layer), join(copy, layer), { recursive: true, filter });
    }
    writeFileSync(join(copy, 'package.json'), '{"type":"module"}');
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    if (bug !== undefined) replaceOnce(join(copy, bug.module), bug);
    const load = (layer: string): Promise<unknown> => import(pathToFileURL(join(copy, layer, 'index.js')).href);
    return { ...((await load('storage')) as StoreModules), ...((await load('mvcc')) as StoreModules) };
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true });
  }
}

function replaceOnce(path: string, { module, original, replacement }: PlantedBug): void {
  const parts = readFileSync(path, 'utf8').split(original);
  if (parts.length !== 2)
    throw new Error(`${module} has ${parts.length - 1} times "${original}", where a fault was to be`);
  writeFileSync(path, parts.join(replacement));
}
