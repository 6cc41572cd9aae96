/**
 * The tree obeys its own laws (ARCHITECTURE.md, "The layer law"; CONTRIBUTING.md, "House rules"), and every law bites:
 * each is shown a planted violation that it must report.
 */

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { foreignPlaces, SOURCE_RULES, type Violation } from './support/tidy-rules.js';
import { parseSource, type SourceFile } from './support/tidy-source.js';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Files that git tracks or would track; without git (an unpacked archive), every file outside generated folders. */
function treeFiles(): string[] {
  try {
    const listing = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return listing.split('\0').filter((path) => path !== '');
  } catch {
    return readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
      .filter((path) => !/(^|\/)(node_modules|dist|coverage|\.git)\//.test(path));
  }
}

function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch {
    return undefined; // tracked, but deleted in the working tree
  }
}

function report(violations: readonly Violation[]): string[] {
  return violations.map(({ rule, path, line, message }) => `${path}:${line} [${rule}] ${message}`);
}

describe('the tree', () => {
  const texts = new Map<string, string>();
  const sources: SourceFile[] = [];

  beforeAll(() => {
    for (const path of treeFiles()) {
      const text = readIfPresent(path);
      if (text === undefined) continue;
      texts.set(path, text);
      if (/\.(ts|mjs)$/.test(path)) sources.push(parseSource(path, text));
    }
  });

  it('was really looked at', () => {
    expect(sources.filter((file) => file.path.startsWith('src/')).length).toBeGreaterThan(200);
    expect(sources.filter((file) => file.path.startsWith('test/')).length).toBeGreaterThan(80);
    expect(texts.has('package-lock.json')).toBe(true);
  });

  it('obeys every rule about sources', () => {
    expect(report(SOURCE_RULES.flatMap((rule) => rule(sources)))).toEqual([]);
  });

  it('names no place that exists on one machine only', () => {
    expect(report([...texts].flatMap(([path, text]) => foreignPlaces(path, text)))).toEqual([]);
  });
});

const PURPOSE = '/** A file that was made up to be judged. */\n';

/** Runs all rules over a made-up tree; every file is given a purpose comment first. */
function judge(tree: Record<string, string>): string[] {
  const files = Object.entries(tree).map(([path, text]) => parseSource(path, PURPOSE + text));
  return SOURCE_RULES.flatMap((rule) => rule(files)).map(({ rule, path }) => `${rule} ${path}`);
}

describe('the rules', () => {
  it('accept a lawful tree', () => {
    const lawful = {
      'src/index.ts': "export { open } from './database.js';",
      'src/database.ts': "import { run } from './sql/index.js';\nexport const open = run;",
      'src/sql/index.ts': "export { run } from './session.js';",
      'src/sql/session.ts': [
        "import { put } from '../storage/index.js';",
        "import type { Tree } from './parser/grammar.js';",
        "export const run = async (): Promise<Tree> => { put(); return (await import('./parser/grammar.js')).tree; };",
      ].join('\n'),
      'src/sql/parser/grammar.ts':
        "import { Lexer } from 'chevrotain';\nexport type Tree = Lexer;\nexport const tree = 1;",
      'src/storage/index.ts': "export { put } from './engine.js';",
      'src/storage/engine.ts': 'export const put = (at: Date): Date => new Date(at);',
    };
    expect(judge(lawful)).toEqual([]);
  });

  const planted: [what: string, tree: Record<string, string>, expected: string[]][] = [
    [
      'an upward import',
      { 'src/storage/engine.ts': "import { run } from '../sql/index.js';\nrun();", 'src/sql/index.ts': '' },
      ['layer-law src/storage/engine.ts'],
    ],
    [
      'an upward import of types alone',
      { 'src/base/bytes.ts': "import type { File } from '../vfs/index.js';\nexport type F = File;" },
      ['layer-law src/base/bytes.ts'],
    ],
    [
      'an upward import made at run time',
      { 'src/mvcc/oracle.ts': "export const load = () => import('../orm/index.js');" },
      ['layer-law src/mvcc/oracle.ts'],
    ],
    [
      'an import of the composition root',
      { 'src/orm/entity.ts': "import { open } from '../database.js';\nopen();" },
      ['layer-law src/orm/entity.ts'],
    ],
    [
      'an import past the index of a lower layer',
      { 'src/sql/row.ts': "export { put } from '../storage/engine.js';" },
      ['layer-law src/sql/row.ts'],
    ],
    [
      'a sideways import',
      { 'src/kv/keyspace.ts': "import { run } from '../sql/index.js';\nrun();", 'src/sql/index.ts': '' },
      ['layer-law src/kv/keyspace.ts'],
    ],
    ['a folder that is no layer', { 'src/extras/thing.ts': '' }, ['layer-law src/extras/thing.ts']],
    [
      'an import that leaves src',
      { 'src/base/bytes.ts': "import { seed } from '../../test/support/seed.js';\nseed();" },
      ['layer-law src/base/bytes.ts'],
    ],
    [
      'files opened outside vfs',
      { 'src/storage/log.ts': "import { openSync } from 'node:fs';\nopenSync('a');" },
      ['outside-modules src/storage/log.ts'],
    ],
    [
      'a library that knows the program',
      {
        'src/index.ts': "export { run } from './cli/program.js';",
        'src/cli/program.ts': "import { Command } from 'commander';\nexport const run = Command;",
      },
      ['layer-law src/index.ts'],
    ],
    [
      'a program that goes past the public entry',
      { 'src/cli/program.ts': "import { open } from '../database.js';\nopen();" },
      ['layer-law src/cli/program.ts'],
    ],
    [
      'commander outside the program',
      { 'src/base/bytes.ts': "import { Command } from 'commander';\nCommand();" },
      ['outside-modules src/base/bytes.ts'],
    ],
    [
      'a module nobody admitted',
      { 'src/base/bytes.ts': "import left from 'left-pad';\nleft();" },
      ['outside-modules src/base/bytes.ts'],
    ],
    [
      'zod below the composition root',
      { 'src/orm/entity.ts': "import { z } from 'zod';\nz();" },
      ['outside-modules src/orm/entity.ts'],
    ],
    [
      'chevrotain through createRequire outside the parser',
      { 'src/sql/session.ts': "createRequire(import.meta.url)('chevrotain');" },
      ['outside-modules src/sql/session.ts'],
    ],
    [
      'chevrotain through a named loader outside the parser',
      { 'src/sql/session.ts': "const load = createRequire(import.meta.url);\nload('chevrotain');" },
      ['outside-modules src/sql/session.ts'],
    ],
    [
      'a parser that loads with the package',
      {
        'src/index.ts': "export { run } from './sql/index.js';",
        'src/sql/index.ts': "export { run } from './parser/grammar.js';",
        'src/sql/parser/grammar.ts': "import { Lexer } from 'chevrotain';\nexport const run = Lexer;",
      },
      ['lazy-parser src/sql/parser/grammar.ts'],
    ],
    [
      'an import cycle',
      {
        'src/mvcc/a.ts': "import { b } from './b.js';\nexport const a = b;",
        'src/mvcc/b.ts': "import { a } from './c.js';\nexport const b = a;",
        'src/mvcc/c.ts': "import { a } from './a.js';\nexport { a };",
      },
      ['no-runtime-cycles src/mvcc/c.ts'],
    ],
    ['logic in an index', { 'src/vfs/index.ts': 'export const now = 1;' }, ['index-re-exports src/vfs/index.ts']],
    [
      'a look at the clock',
      { 'src/mvcc/oracle.ts': 'export const t = Date.now();' },
      ['no-ambient-effects src/mvcc/oracle.ts'],
    ],
    ['a look at the date', { 'src/orm/row.ts': 'export const t = new Date();' }, ['no-ambient-effects src/orm/row.ts']],
    ['a die', { 'src/mvcc/retry.ts': 'export const r = Math.random();' }, ['no-ambient-effects src/mvcc/retry.ts']],
    ['a timer', { 'src/mvcc/retry.ts': 'setTimeout(() => {}, 1);' }, ['no-ambient-effects src/mvcc/retry.ts']],
    [
      'a turn of the loop',
      { 'src/storage/log.ts': 'setImmediate(() => {});' },
      ['no-ambient-effects src/storage/log.ts'],
    ],
    [
      'text as code',
      { 'test/a.test.ts': "export const f = new Function('return 1');" },
      ['no-code-from-text test/a.test.ts'],
    ],
    ['eval', { 'src/sql/plan.ts': "eval('1');" }, ['no-code-from-text src/sql/plan.ts']],
    ['an error without a code', { 'src/sql/plan.ts': "throw new Error('no');" }, ['own-errors src/sql/plan.ts']],
    [
      'an error class of its own',
      { 'src/orm/row.ts': 'class RowError extends Error {}' },
      ['own-errors src/orm/row.ts'],
    ],
    ['any', { 'src/base/bytes.ts': 'export let x: any[];' }, ['no-any src/base/bytes.ts']],
    ['a default export', { 'src/base/bytes.ts': 'export default 1;' }, ['no-default-export src/base/bytes.ts']],
    ['a focused test', { 'test/a.test.ts': "it.only('x', () => {});" }, ['no-focused-tests test/a.test.ts']],
    ['a skipped suite', { 'test/a.test.ts': "describe.skip('x', () => {});" }, ['no-focused-tests test/a.test.ts']],
    ['a loose end', { 'src/base/bytes.ts': '// FIXME: later' }, ['no-loose-ends src/base/bytes.ts']],
    ['a long file', { 'src/base/bytes.ts': 'export {};\n'.repeat(400) }, ['size-limits src/base/bytes.ts']],
    [
      'a long function',
      { 'src/base/bytes.ts': `export function f() {${'\n'.repeat(70)}}` },
      ['size-limits src/base/bytes.ts'],
    ],
    ['a vague name', { 'src/base/byte-utils.ts': '' }, ['file-names src/base/byte-utils.ts']],
    ['a name in camel case', { 'src/base/byteReader.ts': '' }, ['file-names src/base/byteReader.ts']],
  ];

  it.each(planted)('report %s', (_what, tree, expected) => {
    expect(judge(tree)).toEqual(expected);
  });

  it('report a file without a purpose', () => {
    const file = parseSource('src/base/bytes.ts', 'export const a = 1;\n/** A comment that comes too late. */\n');
    const found = SOURCE_RULES.flatMap((rule) => rule([file])).map(({ rule }) => rule);
    expect(found).toEqual(['purpose-comment']);
  });

  it.each([
    ['a home', `const path = '${['', 'home', 'ada'].join('/')}/data';`],
    ['a registry', `"resolved": "${['https:', '', 'registry.example.org'].join('/')}/zod/-/zod-4.0.0.tgz"`],
  ])('report %s in any text file', (_what, text) => {
    expect(foreignPlaces('any.txt', `first line\n${text}`)).toMatchObject([{ rule: 'foreign-places', line: 2 }]);
  });

  it('accept addresses that mean the same everywhere', () => {
    expect(foreignPlaces('any.txt', "'./work/file' https://example.org/home/page /workflow/")).toEqual([]);
  });
});
