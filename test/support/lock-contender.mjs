// Child process of the lock race test: takes the lock at argv[2] argv[3] times. While holding it, creates `<lock>-holder`
// exclusively, which fails if anybody else holds the lock too (exit code 1). Then mostly leaves the lock to be taken over:
// rewrites it as if by a holder that has died, argv[4] being the pid of a process that has. Sometimes simply releases it.

import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { base, vfs } from './dist-modules.mjs';

const [, , path = '', rounds = '', deadPid = ''] = process.argv;
const fileSystem = new vfs.NodeFileSystem();

for (let taken = 0; taken < Number(rounds); ) {
  let lock;
  try {
    lock = fileSystem.lock(path);
  } catch (error) {
    if (!(error instanceof base.LockedError)) throw error;
    continue;
  }
  taken++;
  try {
    writeFileSync(`${path}-holder`, `${process.pid}`, { flag: 'wx' });
  } catch {
    process.exit(1);
  }
  const content = readFileSync(path, 'latin1');
  const dead = content.replace(/^pid .*$/m, `pid ${deadPid}`).replace(/^taking .*$/m, `taking ${process.pid}-${taken}`);
  writeFileSync(`${path}-${process.pid}`, dead);
  rmSync(`${path}-holder`);
  if (taken % 5 !== 0) renameSync(`${path}-${process.pid}`, path);
  lock.release();
}
rmSync(`${path}-${process.pid}`, { force: true });
process.exit(0);
