// Compiled layers for child processes, with the types of their sources: a child cannot load TypeScript, and type checking
// must not need a build.

/**
 * @param {string} layer
 * @returns {Promise<unknown>}
 */
function load(layer) {
  return import(new URL(`../../build/${layer}/index.js`, import.meta.url).href);
}

export const varve = /** @type {typeof import('../../src/index.js')} */ (await load('.'));
export const base = /** @type {typeof import('../../src/base/index.js')} */ (await load('base'));
export const vfs = /** @type {typeof import('../../src/vfs/index.js')} */ (await load('vfs'));
export const storage = /** @type {typeof import('../../src/storage/index.js')} */ (await load('storage'));
export const recovery = /** @type {typeof import('../../src/recovery/index.js')} */ (await load('recovery'));
