// Child process of the kill test: opens the database at argv[2] and commits without end, in concurrent groups. Commit n
// (timestamp n) puts `n` under each of the keys `n/0` … `n/3` and under `last`. Prints "open n" after recovery, where n is
// the newest commit found, then the number of every acknowledged commit on a line of its own. Waits to be killed.

import { writeSync } from 'node:fs';
import { base, recovery, storage, vfs } from './dist-modules.mjs';

const [, , directory = '', optionsJson = ''] = process.argv;

/** Straight to the pipe: a line that was printed has left this process. @param {string} line */
function print(line) {
  writeSync(1, `${line}\n`);
}

const options = /** @type {import('../../src/recovery/index.js').OpenEngineOptions} */ (JSON.parse(optionsJson));
const environment = vfs.systemEnvironment();
const { engine } = await recovery.openEngine(directory, options, {
  environment,
  executor: storage.inlineExecutor(environment),
  retention: { view: () => ({ horizon: Number.MAX_SAFE_INTEGER, pinned: [] }) },
  listener: () => {},
});

let timestamp = engine.lastTimestamp;
print(`open ${timestamp}`);

async function commitNext() {
  const number = ++timestamp;
  const value = base.utf8Encode(String(number));
  const batch = new storage.WriteBatch();
  for (const part of [0, 1, 2, 3]) batch.put(base.utf8Encode(`${number}/${part}`), value);
  batch.put(base.utf8Encode('last'), value);
  await engine.commit(batch, number, { durability: 'commit' });
  print(String(number));
}

for (;;) await Promise.all([commitNext(), commitNext(), commitNext()]);
