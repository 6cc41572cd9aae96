import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { reasonToInstall } from '../../../tools/install-state.mjs';

type Packages = Record<string, { version?: string; integrity?: string; optional?: boolean }>;

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'varve-install-state-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function state(wanted: Packages, installed?: Packages): string | undefined {
  writeFileSync(join(directory, 'package-lock.json'), JSON.stringify({ packages: { '': {}, ...wanted } }));
  if (installed !== undefined) {
    mkdirSync(join(directory, 'node_modules'), { recursive: true });
    writeFileSync(join(directory, 'node_modules', '.package-lock.json'), JSON.stringify({ packages: installed }));
  }
  return reasonToInstall(directory);
}

const zod = { version: '4.0.0', integrity: 'sha512-a' };

describe('an installation', () => {
  it('is fresh when it holds exactly what the lock file lists', () => {
    expect(state({ 'node_modules/zod': zod }, { 'node_modules/zod': zod })).toBeUndefined();
  });

  it('is fresh without the optional packages of other platforms', () => {
    const other = { version: '1.0.0', optional: true };
    expect(
      state({ 'node_modules/zod': zod, 'node_modules/x-win32': other }, { 'node_modules/zod': zod }),
    ).toBeUndefined();
  });

  it('is needed in a fresh clone, and after an interrupted one', () => {
    expect(state({ 'node_modules/zod': zod })).toContain('nothing is installed');
    mkdirSync(join(directory, 'node_modules', 'zod'), { recursive: true });
    expect(state({ 'node_modules/zod': zod })).toContain('nothing is installed');
  });

  it.each([
    ['a version changed', { 'node_modules/zod': { ...zod, version: '4.0.1' } }],
    ['a checksum changed', { 'node_modules/zod': { ...zod, integrity: 'sha512-b' } }],
    ['a package was added', { 'node_modules/zod': zod, 'node_modules/vite': { version: '8.0.0' } }],
    ['an optional package changed', { 'node_modules/zod': { ...zod, version: '4.0.1', optional: true } }],
    ['a package was removed', {}],
  ])('is stale when %s', (_what, wanted) => {
    expect(state(wanted, { 'node_modules/zod': zod })).toMatch(/package-lock\.json$/);
  });
});
