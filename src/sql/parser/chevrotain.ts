/**
 * The parsing library (chevrotain), loaded on first use: importing it costs far more than parsing with it, and a program
 * that never sends SQL text never pays. Loading is synchronous, so that the synchronous API works from the first call.
 *
 * The package's entry is some five hundred small files (150–250 ms); the same version's bundle, which it ships beside
 * them, loads in about 20 ms. The version is pinned, and a test loads the bundle.
 */

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export type Chevrotain = typeof import('chevrotain');

export function loadChevrotain(): Chevrotain {
  const require = createRequire(import.meta.url);
  const entry = require.resolve('chevrotain');
  return require(join(dirname(entry), '..', 'chevrotain.min.mjs')) as Chevrotain;
}
