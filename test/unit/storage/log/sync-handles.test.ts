import { expect, test } from 'vitest';
import { IoError } from '../../../../src/base/index.js';
import { SyncHandles } from '../../../../src/storage/log/sync-handles.js';
import { MemFileSystem } from '../../../../src/vfs/index.js';

test('a sync that has failed is either under way or told of, at every moment', async () => {
  const fileSystem = new MemFileSystem();
  fileSystem.createDirectory('/db');
  const open = () => fileSystem.open('/db/000001.log', fileSystem.exists('/db/000001.log') ? 'update' : 'create');
  const file = open();
  let fail = (): void => undefined;
  file.sync = () =>
    new Promise((_, reject) => {
      fail = () => reject(new IoError({ operation: 'sync', path: file.path, errno: 'EIO' }));
    });
  const handles = new SyncHandles(file, open);
  const synced = handles.sync();
  synced.catch(() => undefined);
  handles.check();
  fail();
  let told = 0;
  for (let step = 0; step < 8; step++) {
    if (handles.syncs === 0) {
      expect(() => handles.check()).toThrow('EIO');
      told++;
    }
    await Promise.resolve();
  }
  expect(told).toBeGreaterThan(0);
  await expect(synced).rejects.toThrow('EIO');
});
