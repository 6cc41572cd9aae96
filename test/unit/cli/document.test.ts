/** docs/cli.md: its programs and commands run in order, in one folder, and print what it says. */

import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
/** Below the root, so that the package's own name resolves to dist/; ignored by git. */
const programDirectory = join(root, 'examples', 'dist', 'cli-document');
const folder = mkdtempSync(join(tmpdir(), 'varve-cli-document-'));

beforeAll(() => {
  mkdirSync(programDirectory, { recursive: true });
  mkdirSync(join(folder, 'bin'));
  symlinkSync(join(root, 'dist', 'cli.js'), join(folder, 'bin', 'varve'));
});

afterAll(() => {
  rmSync(programDirectory, { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
});

/**
 * What the document shows, as a pattern: `…` alone is any number of lines, inside a line any text. Sizes, which are the
 * numbers from 1000 on here, and the widths of columns may be others.
 */
function patternOf(shown: readonly string[]): RegExp {
  const lines = shown.map((line) => {
    if (line === '…') return String.raw`(?:.*\n)*?`;
    const text = line.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
    const loose = text.replaceAll('…', '.*').replaceAll(/[1-9]\d{3,}/g, String.raw`\d{4,}`);
    return `${loose.replaceAll(/ {2,}/g, ' +')}\n`;
  });
  return new RegExp(`^${lines.join('')}$`);
}

function runConsole(block: string): number {
  const commands = block.split(/^\$ /m).slice(1);
  const path = [join(folder, 'bin'), dirname(process.execPath), process.env['PATH']].join(delimiter);
  for (const command of commands) {
    const [line = '', ...shown] = command.trimEnd().split('\n');
    const { stdout } = spawnSync('sh', ['-c', line], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, PATH: path },
    });
    expect(stdout, line).toMatch(patternOf(shown));
  }
  return commands.length;
}

it('docs/cli.md shows what the program does', () => {
  const document = readFileSync(join(root, 'docs', 'cli.md'), 'utf8');
  let commands = 0;
  for (const [, language, code = ''] of document.matchAll(/^```(js|console)\n(.*?)^```$/gms)) {
    if (language === 'console') {
      commands += runConsole(code);
      continue;
    }
    // What is damaged later on the page has been copied by then.
    if (existsSync(join(folder, 'data'))) cpSync(join(folder, 'data'), join(folder, 'copied'), { recursive: true });
    const program = join(programDirectory, 'program.mjs');
    writeFileSync(program, code);
    execFileSync(process.execPath, [program], { cwd: folder });
  }
  expect(commands).toBeGreaterThanOrEqual(11);
});
