/** Not an engine: appends key and value to a file and waits for the device. What a durable write costs on this machine at least. */

import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyValueEngine, OpenOptions } from '../engine.js';

function refuse(): never {
  throw new Error('the raw log only appends');
}

export async function openEngine({ directory, durability }: OpenOptions): Promise<KeyValueEngine> {
  const file = openSync(join(directory, 'raw.log'), 'a');
  const append = (key: Buffer, value: Uint8Array): void => {
    writeSync(file, Buffer.concat([key, value]));
    if (durability === 'commit') fdatasyncSync(file);
  };
  return {
    writeBatch: refuse,
    put: append,
    putSync: append,
    get: refuse,
    scan: refuse,
    close: () => closeSync(file),
  };
}
