import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Vite strips types with oxc; entity tests rely on the same legacy decorators and metadata that tsc emits.
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  // Tests may import the package by its name; they then get the sources, not dist/.
  resolve: { alias: [{ find: /^varve$/, replacement: fileURLToPath(new URL('src/index.ts', import.meta.url)) }] },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/build-dist.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
