/** Closing several files when some refuse. */

import { expect, it } from 'vitest';
import { IoError } from '../../../src/base/index.js';
import { closeAll, MemFileSystem } from '../../../src/vfs/index.js';
import { FaultFileSystem } from '../../support/fault-file-system.js';

it('closes the others when one fails, and throws the first error', () => {
  const fileSystem = new FaultFileSystem(new MemFileSystem());
  const files = ['a', 'b', 'c'].map((name) => fileSystem.open(name, 'create'));
  fileSystem.inject({ operation: 'close', file: /a/, errno: 'EIO' });
  fileSystem.inject({ operation: 'close', file: /b/, errno: 'ENOSPC' });
  expect(() => closeAll([undefined, ...files])).toThrow(
    new IoError({ operation: 'close', path: 'a', errno: 'EIO' }).message,
  );
  expect(fileSystem.openFiles).toEqual([]);
});
