/**
 * One statement and its newest plan. A plan holds for one schema version and, where the text leaves the type of a
 * parameter open, for the types that the parameters had when it was made.
 */

import { SqlSemanticError } from '../base/index.js';
import type { Statement } from './ast/index.js';
import {
  fillParameters,
  type ParameterBinding,
  type ParameterKey,
  type SqlParameters,
  typesOfValues,
} from './binder/parameters.js';
import { bindStatement } from './binder/statement-binder.js';
import type { Catalog } from './catalog/catalog.js';
import { createFrame, type ExecutionContext, type Frame } from './execution/frame.js';
import type { Program } from './execution/program.js';
import { compileProgram } from './execution/program-compiler.js';
import { RowShape } from './execution/result.js';
import type { TableAccess } from './execution/table-access.js';
import { drawing } from './parser/syntax-error.js';
import type { SqlType } from './values/index.js';

type KnownTypes = ReadonlyMap<ParameterKey, SqlType>;

export class StatementPlan {
  readonly program: Program;
  readonly shape: RowShape;
  readonly catalogVersion: number;
  /** Types that were taken from values; empty for most statements. */
  readonly #knownTypes: KnownTypes;
  readonly #bindings: readonly ParameterBinding[];
  readonly #frameSize: number;

  constructor(statement: Statement, catalog: Catalog, tables: TableAccess, parameters: SqlParameters) {
    let knownTypes: KnownTypes = new Map();
    let binding = bindStatement(statement, catalog);
    if (binding.openParameters.length > 0) {
      knownTypes = typesOfValues(binding.openParameters, parameters);
      binding = bindStatement(statement, catalog, knownTypes);
    }
    this.catalogVersion = catalog.version;
    this.#knownTypes = knownTypes;
    this.#bindings = binding.parameters;
    this.program = compileProgram(binding, tables);
    this.shape = new RowShape(this.program.outputs);
    this.#frameSize = binding.frameSize + 1;
  }

  fits(catalog: Catalog, parameters: SqlParameters): boolean {
    if (this.catalogVersion !== catalog.version) return false;
    if (this.#knownTypes.size === 0) return true;
    const types = typesOfValues([...this.#knownTypes.keys()], parameters);
    return [...types].every(([key, { name }]) => this.#knownTypes.get(key)!.name === name);
  }

  /** The frame of one execution, parameters in place. */
  frame(context: ExecutionContext, parameters: SqlParameters): Frame {
    const frame = createFrame(this.#frameSize, context);
    // A plan can be looked at before there are values.
    if (this.program.command !== 'EXPLAIN') fillParameters(this.#bindings, parameters, frame);
    return frame;
  }
}

export class StatementPlans {
  readonly statement: Statement;
  readonly #text: string | undefined;
  #plan: StatementPlan | undefined;

  /** `text` is where the statement came from, if it did; errors then show the place. */
  constructor(statement: Statement, text?: string) {
    this.statement = statement;
    this.#text = text;
  }

  get isReadOnly(): boolean {
    return this.statement.kind === 'select' || this.statement.kind === 'explain';
  }

  planFor(catalog: Catalog, tables: TableAccess, parameters: SqlParameters): StatementPlan {
    const known = this.#plan;
    if (known?.fits(catalog, parameters) === true) return known;
    try {
      return (this.#plan = new StatementPlan(this.statement, catalog, tables, parameters));
    } catch (error) {
      throw this.#text === undefined ? error : withPlace(error, this.#text);
    }
  }
}

/** The same error, with the line of the text that it is about; other errors as they are. */
function withPlace(error: unknown, text: string): unknown {
  if (!(error instanceof SqlSemanticError)) return error;
  const { line, column, offset, length } = error.facts;
  if (typeof line !== 'number' || typeof column !== 'number') return error;
  const place = { line, column, offset: offset as number, length: length as number, token: '' };
  const { sqlState = '42000', facts } = error;
  return new SqlSemanticError(`line ${line}, column ${column}: ${error.message}\n${drawing(text, place)}`, {
    sqlState,
    facts,
    cause: error,
  });
}
