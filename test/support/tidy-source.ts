/**
 * A source file as the tidy rules see it: its imports, its functions and the names it calls, parsed once.
 * Paths are relative to the repository root and use `/`.
 */

import { posix } from 'node:path';
import { type Node, type Program, parseSync, visitorKeys } from 'oxc-parser';

export interface Import {
  readonly line: number;
  readonly specifier: string;
  /** `type`: erased by the compiler. `static`: runs when the file is loaded. `lazy`: `import()` or a `require` call. */
  readonly kind: 'type' | 'static' | 'lazy';
  /** For a relative specifier the source file it means, as a repository path. */
  readonly target: string | undefined;
}

export interface FunctionSpan {
  readonly line: number;
  readonly lineCount: number;
}

export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly lineCount: number;
  readonly program: Program;
  readonly comments: readonly { readonly text: string; readonly line: number; readonly start: number }[];
  readonly imports: readonly Import[];
  readonly functions: readonly FunctionSpan[];
  /** 1-based line of a character offset. */
  lineAt(offset: number): number;
}

/** Parses TypeScript or JavaScript. Throws when the text has a syntax error, because rules cannot judge such a file. */
export function parseSource(path: string, text: string): SourceFile {
  const result = parseSync(path, text);
  const failure = result.errors[0];
  if (failure !== undefined) throw new SyntaxError(`${path}: ${failure.message}`);
  const lineAt = lineFinder(text);
  const nodes = [...walk(result.program)];
  const loaders = new Set(['require', ...nodes.flatMap(loaderName)]);
  return {
    path,
    text,
    lineCount: text.split('\n').length - (text.endsWith('\n') ? 1 : 0),
    program: result.program,
    comments: result.comments.map(({ value, start }) => ({ text: value, line: lineAt(start), start })),
    imports: nodes.flatMap((node) => importOf(node, path, loaders, lineAt)),
    functions: nodes.flatMap((node) => functionOf(node, lineAt)),
    lineAt,
  };
}

/** Every node below `root`, parents before children. */
export function* walk(root: Node): Generator<Node> {
  yield root;
  const children = root as unknown as Record<string, unknown>;
  for (const key of visitorKeys[root.type] ?? []) {
    const child = children[key];
    for (const node of Array.isArray(child) ? child : [child]) {
      if (isNode(node)) yield* walk(node);
    }
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value;
}

/** The name that `createRequire(…)` is bound to, if this node does so. */
function loaderName(node: Node): string[] {
  const isLoader = node.type === 'VariableDeclarator' && node.id.type === 'Identifier' && isCreateRequire(node.init);
  return isLoader && node.id.type === 'Identifier' ? [node.id.name] : [];
}

function isCreateRequire(node: Node | null): boolean {
  return node?.type === 'CallExpression' && node.callee.type === 'Identifier' && node.callee.name === 'createRequire';
}

function importOf(node: Node, path: string, loaders: Set<string>, lineAt: (offset: number) => number): Import[] {
  const found = specifierOf(node, loaders);
  if (found === undefined) return [];
  const target = found.specifier.startsWith('.')
    ? posix.join(posix.dirname(path), found.specifier).replace(/\.js$/, '.ts')
    : undefined;
  return [{ ...found, line: lineAt(node.start), target }];
}

function specifierOf(node: Node, loaders: Set<string>): { specifier: string; kind: Import['kind'] } | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
      return { specifier: node.source.value, kind: node.importKind === 'type' ? 'type' : 'static' };
    case 'ExportNamedDeclaration':
      if (node.source === null) return undefined;
      return { specifier: node.source.value, kind: node.exportKind === 'type' ? 'type' : 'static' };
    case 'ExportAllDeclaration':
      return { specifier: node.source.value, kind: node.exportKind === 'type' ? 'type' : 'static' };
    case 'TSImportType':
      return { specifier: node.source.value, kind: 'type' };
    case 'ImportExpression':
      return lazy(node.source);
    case 'CallExpression': {
      const { callee } = node;
      const loads = (callee.type === 'Identifier' && loaders.has(callee.name)) || isCreateRequire(callee);
      return loads ? lazy(node.arguments[0]) : undefined;
    }
    default:
      return undefined;
  }
}

function lazy(source: Node | undefined): { specifier: string; kind: 'lazy' } | undefined {
  return source?.type === 'Literal' && typeof source.value === 'string'
    ? { specifier: source.value, kind: 'lazy' }
    : undefined;
}

function functionOf(node: Node, lineAt: (offset: number) => number): FunctionSpan[] {
  const isFunction =
    node.type === 'FunctionDeclaration' ||
    node.type === 'FunctionExpression' ||
    node.type === 'ArrowFunctionExpression';
  if (!isFunction) return [];
  const line = lineAt(node.start);
  return [{ line, lineCount: lineAt(node.end) - line + 1 }];
}

function lineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}
