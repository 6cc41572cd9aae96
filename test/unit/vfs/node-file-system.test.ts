/** The real file system: the contract, permissions, and locks between processes. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LockedError } from '../../../src/base/index.js';
import { isLockFileName, NodeFileSystem } from '../../../src/vfs/index.js';
import { describeFileSystem } from '../../support/file-system-conformance.js';

const distribution = new URL('../../../dist/index.js', import.meta.url).href;
const makeRoot = (): string => mkdtempSync(join(tmpdir(), 'varve-vfs-'));

describeFileSystem('NodeFileSystem', () => {
  const root = makeRoot();
  return { fileSystem: new NodeFileSystem(), root, dispose: () => rmSync(root, { recursive: true }) };
});

describe('NodeFileSystem', () => {
  let root: string;
  const fs = new NodeFileSystem();
  beforeEach(() => {
    root = makeRoot();
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it.skipIf(process.platform === 'win32')('creates directories 0700 and files 0600', () => {
    fs.createDirectory(join(root, 'a', 'b'));
    fs.open(join(root, 'a', 'f'), 'create').close();
    const mode = (path: string): number => statSync(join(root, path)).mode & 0o777;
    expect([mode('a'), mode('a/b'), mode('a/f')]).toEqual([0o700, 0o700, 0o600]);
  });

  it('makes missing parents only where one can be made', () => {
    fs.createDirectory(join(root, 'a', 'b', 'c'));
    fs.createDirectory(join(root, 'a', 'b', 'c'));
    writeFileSync(join(root, 'a', 'f'), '');
    const refused = (path: string, errno: string): void =>
      expect(() => fs.createDirectory(path)).toThrow(expect.objectContaining({ code: 'VARVE_IO', errno }));
    refused(join(root, 'a', 'f'), 'EEXIST');
    refused(join(root, 'a', 'f', 'g', 'h'), 'ENOTDIR');
    refused(join(root, ...Array<string>(5000).fill('deep')), 'ENAMETOOLONG');
    expect(readdirSync(root)).toEqual(['a']);
  });

  it.skipIf(!existsSync('/proc/self'))(
    'gives up where the system makes no directories, though the parent is there',
    () => {
      // A process of its own: one that does not give up is beyond the reach of this one's timers.
      const program = `import { open } from ${JSON.stringify(distribution)};
      await open('/proc/varve/deeper').catch(({ code, errno }) => console.log(code, errno));`;
      const options = { encoding: 'utf8', timeout: 20_000, killSignal: 'SIGKILL' } as const;
      const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], options);
      expect(stdout).toBe('VARVE_IO ENOENT\n');
    },
  );

  it('knows a lock by its real path', () => {
    fs.createDirectory(join(root, 'real'));
    symlinkSync(join(root, 'real'), join(root, 'alias'));
    const lock = fs.lock(join(root, 'real', 'LOCK'));
    expect(() => new NodeFileSystem().lock(join(root, 'alias', 'LOCK'))).toThrow(LockedError);
    lock.release();
  });

  it('tells its own lock files from others', () => {
    expect(
      ['LOCK', 'LOCK.17-45-abc-0-1', 'LOCK.damaged', 'LOCK.1--0-1.tmp'].every((n) => isLockFileName(n, 'LOCK')),
    ).toBe(true);
    expect(['LOCKS', 'LOCK.Notes', 'notes', 'LOCK/x', 'LOCK.'].some((n) => isLockFileName(n, 'LOCK'))).toBe(false);
  });

  describe('locks between processes', () => {
    const children: ChildProcess[] = [];
    afterEach(() => {
      for (const child of children.splice(0)) child.kill('SIGKILL');
    });

    /** A process that does nothing but live. */
    async function startProcess(): Promise<{ pid: number; kill: () => Promise<void> }> {
      const child = spawn(process.execPath, ['-e', 'console.log("up"); setInterval(() => {}, 1e6)']);
      children.push(child);
      await once(child.stdout, 'data');
      return {
        pid: child.pid!,
        kill: async () => {
          const gone = once(child, 'exit');
          child.kill('SIGKILL');
          await gone;
        },
      };
    }

    /** The content the holder `pid` would have written, made from a lock file of our own. */
    function contentOf(pid: number, start?: string): string {
      const path = join(root, 'SAMPLE');
      const lock = fs.lock(path);
      const sample = readFileSync(path, 'latin1');
      lock.release();
      return sample.replace(/^pid .*$/m, `pid ${pid}`).replace(/^start .*$/m, `start ${start ?? startOf(pid, sample)}`);
    }

    function startOf(pid: number, sample: string): string {
      const boot = /^start \d+-(.*)$/m.exec(sample)?.[1];
      if (boot === undefined) return '';
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      return `${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}-${boot}`;
    }

    it('respects a living holder and takes over from one killed', async () => {
      const other = await startProcess();
      const content = contentOf(other.pid);
      writeFileSync(join(root, 'LOCK'), content);
      expect(fs.lockHolder(join(root, 'LOCK'))).toBe(other.pid);
      let caught: unknown;
      try {
        fs.lock(join(root, 'LOCK'));
      } catch (error) {
        caught = error;
      }
      expect(caught).toBeInstanceOf(LockedError);
      expect((caught as LockedError).facts['pid']).toBe(other.pid);
      expect(readFileSync(join(root, 'LOCK'), 'latin1')).toBe(content);
      await other.kill();
      expect(fs.lockHolder(join(root, 'LOCK'))).toBeUndefined();
      const lock = fs.lock(join(root, 'LOCK'));
      expect(readFileSync(join(root, 'LOCK'), 'latin1')).toContain(`pid ${process.pid}\n`);
      lock.release();
      expect(readdirSync(root)).toEqual([]);
    });

    it.runIf(process.platform === 'linux')('sees through a pid that is in use again', async () => {
      const other = await startProcess();
      writeFileSync(join(root, 'LOCK'), contentOf(other.pid, '1-00000000'));
      fs.lock(join(root, 'LOCK')).release();
      expect(readdirSync(root)).toEqual([]);
    });

    it('recovers from takers that died while taking over', async () => {
      const other = await startProcess();
      const dead = contentOf(other.pid);
      const [, pid, start, taking] = /pid (.*)\nstart (.*)\ntaking (.*)\n/.exec(dead)!;
      const name = `LOCK.${pid}-${start}-${taking}`;
      writeFileSync(join(root, 'LOCK'), dead);
      writeFileSync(join(root, name), dead.replace(/taking .*/, 'taking 0-900'));
      writeFileSync(join(root, `LOCK.${pid}-${start}-0-900.tmp`), dead.replace(/taking .*/, 'taking 0-900'));
      await other.kill();
      const lock = fs.lock(join(root, 'LOCK'));
      expect(readdirSync(root)).toEqual(['LOCK']);
      lock.release();
    });

    it('leaves the right to take over to a living taker', async () => {
      const [holder, taker] = [await startProcess(), await startProcess()];
      const dead = contentOf(holder.pid);
      const [, pid, start, taking] = /pid (.*)\nstart (.*)\ntaking (.*)\n/.exec(dead)!;
      writeFileSync(join(root, 'LOCK'), dead);
      writeFileSync(join(root, `LOCK.${pid}-${start}-${taking}`), contentOf(taker.pid));
      await holder.kill();
      expect(() => fs.lock(join(root, 'LOCK'))).toThrow(LockedError);
      expect(readFileSync(join(root, 'LOCK'), 'latin1')).toBe(dead);
    });
  });
});
