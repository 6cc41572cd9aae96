/** The SQL abstract syntax tree: frozen nodes told apart by `kind`, and their factories. */

export type * from './expression.js';
export * from './expression-factory.js';
export type * from './select.js';
export * from './select-factory.js';
export type { SourceSpan } from './span.js';
export type * from './statement.js';
export * from './statement-factory.js';
