/**
 * The TypeScript of each document is one program: its blocks, one after the other. It must compile against the built
 * package and print what its `// → …` comments say.
 */

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Below the root, so that the package's own name resolves to dist/; ignored by git. */
const programDirectory = join(root, 'examples', 'dist', 'documents');
const workDirectory = mkdtempSync(join(tmpdir(), 'varve-documents-'));

function programOf(markdown: string): string {
  return [...markdown.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code).join('\n');
}

beforeAll(() => {
  mkdirSync(programDirectory, { recursive: true });
});

afterAll(() => {
  rmSync(programDirectory, { recursive: true, force: true });
  rmSync(workDirectory, { recursive: true, force: true });
});

it.each([
  ['README.md', 15],
  ['docs/entities.md', 3],
])('%s shows a program that compiles and prints what it says', (document, promisesMin) => {
  const program = programOf(readFileSync(join(root, document), 'utf8'));
  const promised = [...program.matchAll(/\/\/ → (.*)$/gm)].map(([, text]) => text);
  expect(promised.length).toBeGreaterThanOrEqual(promisesMin);

  writeFileSync(join(programDirectory, 'program.ts'), program);
  const settings = {
    extends: join(root, 'examples', 'tsconfig.build.json'),
    compilerOptions: { rootDir: '.', outDir: '.' },
    include: ['program.ts'],
    exclude: [],
  };
  writeFileSync(join(programDirectory, 'tsconfig.json'), JSON.stringify(settings));
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  run([tsc, '-p', programDirectory]);
  expect(run([join(programDirectory, 'program.js')])).toEqual(promised);
});

/** Runs Node in an empty folder and returns the lines printed; a failure shows everything printed. */
function run(args: readonly string[]): string[] {
  try {
    return execFileSync(process.execPath, args, { cwd: workDirectory, encoding: 'utf8', stdio: 'pipe' })
      .trimEnd()
      .split('\n');
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${stdout}${stderr}`, { cause: error });
  }
}
