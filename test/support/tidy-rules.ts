/**
 * The laws of the source tree, as pure functions from parsed files to violations. `test/tidy.test.ts` applies them to
 * the tree and proves each with a planted violation.
 */

import type { Node } from 'oxc-parser';
import { type SourceFile, walk } from './tidy-source.js';

export interface Violation {
  readonly rule: string;
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

export type Rule = (files: readonly SourceFile[]) => Violation[];

/** Which layers a layer may use, through their index.ts. Everything else is upward or sideways. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  cli: ['root', 'kv', 'orm', 'sql', 'mvcc', 'recovery', 'storage', 'vfs', 'base'],
  kv: ['mvcc', 'recovery', 'storage', 'vfs', 'base'],
  orm: ['sql', 'mvcc', 'recovery', 'storage', 'vfs', 'base'],
  sql: ['mvcc', 'recovery', 'storage', 'vfs', 'base'],
  mvcc: ['recovery', 'storage', 'vfs', 'base'],
  recovery: ['storage', 'vfs', 'base'],
  storage: ['vfs', 'base'],
  vfs: ['base'],
  base: [],
};

/** Which modules from outside may be used at all, and where: the file itself or anything below the folder. */
const OUTSIDE_MODULES: Readonly<Record<string, readonly string[]>> = {
  '@msgpack/msgpack': ['src/base/value-codec.ts'],
  chevrotain: ['src/sql/parser/'],
  commander: ['src/cli/'],
  'lz4-napi': ['src/storage/'],
  'node:fs': ['src/vfs/node-file-system.ts'],
  'node:module': ['src/storage/', 'src/sql/', 'src/cli/'],
  // The package itself, for its version.
  'varve/package.json': ['src/cli/'],
  'node:crypto': ['src/kv/blobs/upload.ts'],
  'node:diagnostics_channel': ['src/storage/engine/event-channels.ts'],
  'node:async_hooks': ['src/ambient-transaction.ts'],
  'node:os': ['src/cache-size.ts'],
  'node:path': [
    'src/vfs/',
    'src/storage/',
    'src/recovery/',
    'src/sql/parser/chevrotain.ts',
    'src/directory-argument.ts',
    'src/cli/',
  ],
  'node:stream': ['src/kv/blobs/blob-content.ts'],
  'node:util': ['src/cli/'],
  'node:worker_threads': ['src/vfs/process-lock.ts', 'src/storage/compaction/'],
  'node:zlib': ['src/base/checksum.ts'],
  'reflect-metadata': ['src/orm/'],
  zod: ['src/options.ts'],
};

/** Calls that would make a run depend on more than its seed, and the only files that may make them. */
const AMBIENT_SOURCES = ['src/base/clock.ts', 'src/base/random.ts'];
const AMBIENT_FUNCTIONS = new Set(['setTimeout', 'setInterval', 'setImmediate']);
const AMBIENT_MEMBERS = new Set(['Date.now', 'Math.random', 'performance.now', 'process.hrtime', 'process.nextTick']);

const LINES_PER_FILE_MAX = 400;
const LINES_PER_FUNCTION_MAX = 70;
const VAGUE_NAME = /(^|-)(utils?|helpers?|common|misc|types|managers?)$|^type$/;

function violation(rule: string, file: SourceFile, line: number, message: string): Violation {
  return { rule, path: file.path, line, message };
}

const isLibrary = (file: SourceFile): boolean => file.path.startsWith('src/');

/** The layer a path is in, `root` for the composition root, or undefined for a folder that nobody has placed. */
function layerOf(path: string): string | undefined {
  const [, folder = '', ...rest] = path.split('/');
  if (rest.length === 0) return 'root';
  return Object.hasOwn(LAYERS, folder) ? folder : undefined;
}

/** The program is built on the library, never the other way round. */
function mayUse(from: string, to: string): boolean {
  return (from === 'root' && to !== 'cli') || (LAYERS[from]?.includes(to) ?? false);
}

/** A file imports its own layer, or a layer below it through that layer's index.ts. */
const layerLaw: Rule = (files) =>
  files.filter(isLibrary).flatMap((file) => {
    const from = layerOf(file.path);
    if (from === undefined) return [violation('layer-law', file, 1, 'this folder is not a layer')];
    return file.imports.flatMap(({ target, line }) => {
      if (target === undefined) return [];
      const to = target.startsWith('src/') ? layerOf(target) : undefined;
      if (to === undefined) return [violation('layer-law', file, line, `${target} is outside the layers`)];
      if (to === from) return [];
      if (!mayUse(from, to)) return [violation('layer-law', file, line, `${from} must not know ${to}`)];
      const door = to === 'root' ? 'src/index.ts' : `src/${to}/index.ts`;
      return target === door
        ? []
        : [violation('layer-law', file, line, `${target} is private to ${to}: import ${door}`)];
    });
  });

/** Modules from outside are used only where OUTSIDE_MODULES says. */
const outsideModules: Rule = (files) =>
  files.filter(isLibrary).flatMap((file) =>
    file.imports.flatMap(({ specifier, target, line }) => {
      if (target !== undefined) return [];
      const allowed = OUTSIDE_MODULES[specifier];
      if (allowed === undefined) return [violation('outside-modules', file, line, `${specifier} is not admitted`)];
      return allowed.some((place) => file.path === place || (place.endsWith('/') && file.path.startsWith(place)))
        ? []
        : [violation('outside-modules', file, line, `${specifier} is only for ${allowed.join(', ')}`)];
    }),
  );

/** Nothing that loads with src/index.ts loads the SQL parser: it costs more than the rest of the package together. */
const lazyParser: Rule = (files) => {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const queue = ['src/index.ts'];
  const seen = new Set(queue);
  const violations: Violation[] = [];
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    const file = byPath.get(path);
    for (const { kind, specifier, target, line } of file?.imports ?? []) {
      if (kind !== 'static') continue;
      if (specifier === 'chevrotain') {
        violations.push(violation('lazy-parser', file!, line, 'chevrotain is loaded as soon as src/index.ts is'));
      }
      if (target === undefined || seen.has(target)) continue;
      seen.add(target);
      queue.push(target);
    }
  }
  return violations;
};

/**
 * No import cycle among imports that run at load time. Depth-first search; a cycle is reported once. Tests may have one
 * on purpose, such as entities that import each other.
 */
const noRuntimeCycles: Rule = (allFiles) => {
  const files = allFiles.filter((file) => !file.path.startsWith('test/'));
  const byPath = new Map(files.map((file) => [file.path, file]));
  const state = new Map<string, 'open' | 'done'>();
  const violations: Violation[] = [];
  const visit = (file: SourceFile, trail: readonly string[]): void => {
    state.set(file.path, 'open');
    for (const { kind, target, line } of file.imports) {
      const next = kind === 'static' && target !== undefined ? byPath.get(target) : undefined;
      if (next === undefined) continue;
      if (state.get(next.path) === 'open') {
        const cycle = [...trail, file.path, next.path].slice([...trail, file.path].indexOf(next.path));
        violations.push(violation('no-runtime-cycles', file, line, cycle.join(' → ')));
      } else if (state.get(next.path) === undefined) {
        visit(next, [...trail, file.path]);
      }
    }
    state.set(file.path, 'done');
  };
  for (const file of files) if (state.get(file.path) === undefined) visit(file, []);
  return violations;
};

/** An index.ts only passes names on. */
const indexReExports: Rule = (files) =>
  files
    .filter((file) => isLibrary(file) && file.path.endsWith('/index.ts'))
    .flatMap((file) =>
      file.program.body
        .filter((node) => {
          if (node.type === 'ExportAllDeclaration') return false;
          return !(node.type === 'ExportNamedDeclaration' && node.source !== null);
        })
        .map((node) => violation('index-re-exports', file, file.lineAt(node.start), 'an index.ts only re-exports')),
    );

/** Time, turns and randomness come from the environment. */
const noAmbientEffects: Rule = (files) =>
  eachNode(
    files.filter((file) => isLibrary(file) && !AMBIENT_SOURCES.includes(file.path)),
    (node) => {
      const name = ambientName(node);
      return name && { rule: 'no-ambient-effects', message: `${name}: take it from the environment instead` };
    },
  );

function ambientName(node: Node): string | undefined {
  if (node.type === 'NewExpression' && node.callee.type === 'Identifier' && node.callee.name === 'Date') {
    return node.arguments.length === 0 ? 'new Date()' : undefined;
  }
  if (node.type === 'CallExpression' && node.callee.type === 'Identifier') {
    return AMBIENT_FUNCTIONS.has(node.callee.name) ? node.callee.name : undefined;
  }
  const name = dottedName(node);
  return name !== undefined && AMBIENT_MEMBERS.has(name) ? name : undefined;
}

function dottedName(node: Node): string | undefined {
  if (node.type !== 'MemberExpression' || node.computed || node.object.type !== 'Identifier') return undefined;
  return node.property.type === 'Identifier' ? `${node.object.name}.${node.property.name}` : undefined;
}

/** Neither `eval` nor `new Function`. */
const noCodeFromText: Rule = (files) =>
  eachNode(files, (node) => {
    if (node.type !== 'CallExpression' && node.type !== 'NewExpression') return undefined;
    const name = node.callee.type === 'Identifier' ? node.callee.name : undefined;
    return name === 'eval' || name === 'Function'
      ? { rule: 'no-code-from-text', message: `${name} turns text into code` }
      : undefined;
  });

/** The library throws its own errors: src/base/errors.ts, and assertions. */
const ownErrors: Rule = (files) =>
  eachNode(
    files.filter((file) => isLibrary(file) && !file.path.startsWith('src/base/')),
    (node) => {
      const maker =
        node.type === 'NewExpression' ? node.callee : node.type === 'ClassDeclaration' ? node.superClass : undefined;
      return maker?.type === 'Identifier' && /^(|Type|Range|Syntax|Aggregate)Error$/.test(maker.name)
        ? { rule: 'own-errors', message: `${maker.name}: use or add a class of src/base/errors.ts` }
        : undefined;
    },
  );

const noAny: Rule = (files) =>
  eachNode(files, (node) =>
    node.type === 'TSAnyKeyword' ? { rule: 'no-any', message: '`any` switches the compiler off' } : undefined,
  );

/** Tools' configuration files are exempt: they are read by their default export. */
const noDefaultExport: Rule = (files) =>
  eachNode(
    files.filter((file) => !file.path.endsWith('.config.ts')),
    (node) =>
      node.type === 'ExportDefaultDeclaration' ? { rule: 'no-default-export', message: 'give it a name' } : undefined,
  );

/** No test is switched off, and none switches the others off. */
const noFocusedTests: Rule = (files) =>
  eachNode(
    files.filter((file) => file.path.startsWith('test/')),
    (node) => {
      const name = dottedName(node);
      return name !== undefined && /^(it|test|describe|suite)\.(only|skip|todo)$/.test(name)
        ? { rule: 'no-focused-tests', message: name }
        : undefined;
    },
  );

const noLooseEnds: Rule = (files) =>
  files.flatMap((file) =>
    file.comments
      .filter(({ text }) => /\b(TODO|FIXME|HACK|XXX)\b/.test(text))
      .map(({ line }) => violation('no-loose-ends', file, line, 'finish it, or leave it out')),
  );

const sizeLimits: Rule = (files) =>
  files
    .filter(isLibrary)
    .flatMap((file) => [
      ...(file.lineCount > LINES_PER_FILE_MAX
        ? [violation('size-limits', file, 1, `${file.lineCount} lines, at most ${LINES_PER_FILE_MAX} are allowed`)]
        : []),
      ...file.functions
        .filter(({ lineCount }) => lineCount > LINES_PER_FUNCTION_MAX)
        .map(({ line, lineCount }) =>
          violation('size-limits', file, line, `function of ${lineCount} lines, at most ${LINES_PER_FUNCTION_MAX}`),
        ),
    ]);

/** Files are named in kebab-case for what is in them. */
const fileNames: Rule = (files) =>
  files.flatMap((file) => {
    const stem = file.path.slice(file.path.lastIndexOf('/') + 1).split('.')[0]!;
    if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(stem)) return [violation('file-names', file, 1, `${stem} is not kebab-case`)];
    return VAGUE_NAME.test(stem) ? [violation('file-names', file, 1, `${stem} says nothing about its content`)] : [];
  });

/** The first thing in a file of the library says what the file is. */
const purposeComment: Rule = (files) =>
  files
    .filter((file) => isLibrary(file) && !(file.comments[0]?.start === 0 && file.comments[0].text.length >= 20))
    .map((file) => violation('purpose-comment', file, 1, 'begin with a comment that states the purpose of the file'));

function eachNode(
  files: readonly SourceFile[],
  judge: (node: Node) => { rule: string; message: string } | '' | undefined,
): Violation[] {
  return files.flatMap((file) =>
    [...walk(file.program)].flatMap((node) => {
      const verdict = judge(node);
      return verdict ? [violation(verdict.rule, file, file.lineAt(node.start), verdict.message)] : [];
    }),
  );
}

export const SOURCE_RULES: readonly Rule[] = [
  layerLaw,
  outsideModules,
  lazyParser,
  noRuntimeCycles,
  indexReExports,
  noAmbientEffects,
  noCodeFromText,
  ownErrors,
  noAny,
  noDefaultExport,
  noFocusedTests,
  noLooseEnds,
  sizeLimits,
  fileNames,
  purposeComment,
];

/** A path of somebody's machine, or the address of a package registry, in any tracked text file. */
export function foreignPlaces(path: string, text: string): Violation[] {
  const pattern =
    /(?:^|[\s"'`(=:])(\/(?:root|home|work|Users)\/[\w.-]+|[A-Z]:\\Users\\\w+|https?:\/\/registry\.[\w.-]+)/;
  return text.split('\n').flatMap((line, index) => {
    const found = pattern.exec(line)?.[1];
    const message = `${found} belongs to one machine`;
    return found === undefined ? [] : [{ rule: 'foreign-places', path, line: index + 1, message }];
  });
}
