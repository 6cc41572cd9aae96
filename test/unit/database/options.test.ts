/** What users read about options, in the comments of `DatabaseOptions` and in docs/options.md, is what is in force. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseOptions } from '../../../src/options.js';
import { DEFAULT_SETTINGS } from '../../../src/settings.js';

const source = readFileSync(new URL('../../../src/options.ts', import.meta.url), 'utf8');

/** Comment of every option by its path, groups of options included. */
function commentsByPath(): Map<string, string> {
  const text = source.slice(source.indexOf('export interface DatabaseOptions {'), source.indexOf('\n}\n'));
  const comments = new Map<string, string>();
  const path: { name: string; indent: number }[] = [];
  const tokens = text.matchAll(/\/\*\*((?:[^*]|\*(?!\/))*)\*\/|^( *)readonly (\w+)\?:/gm);
  let comment = '';
  for (const [, commentText, indent, name] of tokens) {
    if (commentText !== undefined) {
      comment = commentText.replaceAll(/\s*\n\s*\*\s?/g, ' ').trim();
      continue;
    }
    while ((path.at(-1)?.indent ?? -1) >= indent!.length) path.pop();
    path.push({ name: name!, indent: indent!.length });
    comments.set(path.map((step) => step.name).join('.'), comment);
    comment = '';
  }
  return comments;
}

function leaves(value: unknown, path: readonly string[] = []): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[path.join('.'), value]];
  return Object.entries(value).flatMap(([name, inner]) => leaves(inner, [...path, name]));
}

function valueOf(text: string): unknown {
  if (text === 'none') return [];
  if (text === 'true' || text === 'false') return text === 'true';
  const quoted = /^'(.*)'$/.exec(text);
  if (quoted !== null) return quoted[1];
  const [, digits, unit] = /^([\d,.]+)(?: (KiB|MiB))?$/.exec(text)!;
  return Number(digits!.replaceAll(',', '')) * (unit === 'MiB' ? 2 ** 20 : unit === 'KiB' ? 2 ** 10 : 1);
}

describe('the comment of every option', () => {
  const comments = commentsByPath();

  test.each(leaves(DEFAULT_SETTINGS))('%s names its default', (path, expected) => {
    const named = /Default: ([^.]+(?:\.\d+)?)\.$/.exec(comments.get(path) ?? '')?.[1];
    expect(named, `${path}: ${comments.get(path)}`).toBeDefined();
    expect(valueOf(named!)).toEqual(expected);
  });

  test('is there', () => {
    expect(comments.size).toBeGreaterThan(30);
    expect([...comments].filter(([path, comment]) => comment === '' && path !== 'sql')).toEqual([]);
  });
});

test('docs/options.md lists every option with its default', () => {
  const document = readFileSync(new URL('../../../docs/options.md', import.meta.url), 'utf8');
  const documented = new Map(
    [...document.matchAll(/^\| `([\w.]+)` \| `?([^|`]+)`? \|/gm)].map(([, path, text]) => [path!, text!]),
  );
  const comments = [...commentsByPath()].filter(([, comment]) => comment.includes('Default:'));
  const withoutDefault = ['environment'];
  expect([...documented.keys()].sort()).toEqual([...comments.map(([path]) => path), ...withoutDefault].sort());
  for (const [path, expected] of leaves(DEFAULT_SETTINGS))
    expect(valueOf(documented.get(path)!), path).toEqual(expected);
});

test('a cache of more blocks than can be kept account of is refused by name', () => {
  const refused = { blockBytes: 128, blockCache: { bytes: 64 * 2 ** 30 } };
  expect(() => parseOptions(refused)).toThrow('blockCache.bytes: must be at most 2147483648 bytes with blockBytes 128');
  expect(parseOptions({ blockCache: { bytes: 64 * 2 ** 30 } }).blockCache.bytes).toBe(64 * 2 ** 30);
  expect(parseOptions({ ...refused, blockCache: { bytes: 2 ** 31 } }).blockCache.bytes).toBe(2 ** 31);
});
