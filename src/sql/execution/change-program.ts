/**
 * INSERT, UPDATE and DELETE as programs. The rows to change are all found before the first one changes, so that a
 * statement never meets its own changes.
 */

import type {
  BoundDelete,
  BoundInsert,
  BoundReturning,
  BoundUpdate,
  NewRowExpressions,
} from '../binder/bound-statement.js';
import type { OutputColumn } from '../binder/bound-query.js';
import type { Row, Table } from '../catalog/table.js';
import type { LogicalNode } from '../plan/logical-plan.js';
import { planNode, planQuery } from '../plan/planner.js';
import type { SqlValue } from '../values/index.js';
import { generatedAlways } from './constraint-violation.js';
import { contextOf, type Evaluate, type Frame, writerOf } from './frame.js';
import { captureRow, type Operator, restoreRow } from './operators/operator.js';
import type { ComputedColumn } from './operators/row-operators.js';
import { PlanCompiler } from './plan-compiler.js';
import { ExpirySource } from './row-expiry.js';
import type { Program } from './program.js';
import type { NewRow, TableAccess } from './table-access.js';

type Emit = (frame: Frame) => void;

/** RETURNING: shows a changed row in the frame and emits it. */
class Returning {
  readonly outputs: readonly OutputColumn[];
  readonly #slots: readonly number[];
  readonly #computed: readonly ComputedColumn[] | undefined;

  constructor(returning: BoundReturning | undefined, slots: readonly number[], compiler: PlanCompiler) {
    this.outputs = returning?.outputs ?? [];
    this.#slots = slots;
    this.#computed = returning?.computed.map(({ slot, expression }) => ({
      slot,
      evaluate: compiler.expressions.compile(expression),
    }));
  }

  emit(frame: Frame, row: Row, emit: Emit): void {
    const computed = this.#computed;
    if (computed === undefined) return;
    restoreRow(frame, this.#slots, row);
    for (const { slot, evaluate } of computed) frame[slot] = evaluate(frame);
    emit(frame);
  }
}

type CompiledRow = readonly (Evaluate | undefined)[];

function compileRow(row: NewRowExpressions, compiler: PlanCompiler): CompiledRow {
  return row.map((expression) => expression && compiler.expressions.compile(expression));
}

function evaluateRow(row: CompiledRow, frame: Frame): NewRow {
  const values = new Array<SqlValue | undefined>(row.length);
  for (let i = 0; i < row.length; i++) values[i] = row[i]?.(frame);
  return values;
}

/** All rows of `operator`, as `read` takes them from the frame. Their memory is the statement's. */
function collectRows<T extends readonly (SqlValue | undefined)[]>(
  operator: Operator,
  frame: Frame,
  read: (frame: Frame) => T,
): T[] {
  const memory = contextOf(frame).memory.account();
  const rows: T[] = [];
  const source = operator.open(frame);
  try {
    while (source.next()) {
      const row = read(frame);
      memory.reserveRow(row);
      rows.push(row);
    }
  } finally {
    source.close();
  }
  return rows;
}

export class InsertProgram implements Program {
  readonly command = 'INSERT';
  readonly isReadOnly = false;
  readonly outputs: readonly OutputColumn[];
  readonly #tables: TableAccess;
  readonly #table: Table;
  readonly #rows: (frame: Frame) => readonly NewRow[];
  readonly #expiry: ExpirySource;
  readonly #returning: Returning;

  constructor({ table, slots, source, expiry, returning }: BoundInsert, tables: TableAccess) {
    const compiler = new PlanCompiler();
    this.#expiry = new ExpirySource(expiry, compiler);
    this.#tables = tables;
    this.#table = table;
    this.#returning = new Returning(returning, slots, compiler);
    this.outputs = this.#returning.outputs;
    if (source.kind === 'values') {
      const rows = source.rows.map((row) => compileRow(row, compiler));
      this.#rows = (frame) => rows.map((row) => evaluateRow(row, frame));
    } else {
      const operator = compiler.compile(planQuery(source.query));
      const row = compileRow(source.row, compiler);
      this.#rows = (frame) => collectRows(operator, frame, () => evaluateRow(row, frame));
    }
  }

  execute(frame: Frame, emit: Emit): number {
    const context = contextOf(frame);
    const writer = writerOf(frame);
    const rows = this.#rows(frame);
    const expiry = this.#expiry.rowExpiry(frame);
    for (let i = 0; i < rows.length; i++) {
      const row = this.#tables.insert(writer, this.#table, rows[i]!, context, expiry);
      this.#returning.emit(frame, row, emit);
    }
    return rows.length;
  }
}

/** What UPDATE and DELETE share: finding whole rows of one table. */
function rowFinder(input: LogicalNode, slots: readonly number[], compiler: PlanCompiler): (frame: Frame) => Row[] {
  const operator = compiler.compile(planNode(input, new Set(slots)));
  return (frame) => collectRows(operator, frame, () => captureRow(frame, slots));
}

interface CompiledAssignment {
  readonly position: number;
  /** Undefined for DEFAULT. */
  readonly evaluate: Evaluate | undefined;
}

export class UpdateProgram implements Program {
  readonly command = 'UPDATE';
  readonly isReadOnly = false;
  readonly outputs: readonly OutputColumn[];
  readonly #tables: TableAccess;
  readonly #table: Table;
  readonly #slots: readonly number[];
  readonly #find: (frame: Frame) => Row[];
  readonly #assignments: readonly CompiledAssignment[];
  readonly #expiry: ExpirySource;
  readonly #returning: Returning;

  constructor({ table, slots, input, assignments, expiry, returning }: BoundUpdate, tables: TableAccess) {
    const compiler = new PlanCompiler();
    this.#expiry = new ExpirySource(expiry, compiler);
    this.#tables = tables;
    this.#table = table;
    this.#slots = slots;
    this.#find = rowFinder(input, slots, compiler);
    this.#assignments = assignments.map(({ position, expression }) => {
      const column = table.columns[position]!;
      if (expression !== undefined && column.generated === 'always') throw generatedAlways(table, column);
      return { position, evaluate: expression && compiler.expressions.compile(expression) };
    });
    this.#returning = new Returning(returning, slots, compiler);
    this.outputs = this.#returning.outputs;
  }

  execute(frame: Frame, emit: Emit): number {
    const writer = writerOf(frame);
    const rows = this.#find(frame);
    // All computed before the first is written, so that a subquery among the assignments sees the table as it was.
    const changed = this.#changedAll(frame, rows);
    this.#tables.updateAll(writer, this.#table, { before: rows, after: changed }, this.#expiry.rowExpiry(frame));
    for (const row of changed) this.#returning.emit(frame, row, emit);
    return rows.length;
  }

  #changedAll(frame: Frame, rows: readonly Row[]): Row[] {
    const memory = contextOf(frame).memory.account();
    return rows.map((row) => {
      const changed = this.#changed(frame, row);
      memory.reserveRow(changed);
      return changed;
    });
  }

  #changed(frame: Frame, oldRow: Row): Row {
    restoreRow(frame, this.#slots, oldRow);
    const newRow = oldRow.slice();
    for (const { position, evaluate } of this.#assignments) {
      newRow[position] =
        evaluate === undefined
          ? this.#tables.defaultOf(this.#table.columns[position]!, contextOf(frame))
          : evaluate(frame);
    }
    return newRow;
  }
}

export class DeleteProgram implements Program {
  readonly command = 'DELETE';
  readonly isReadOnly = false;
  readonly outputs: readonly OutputColumn[];
  readonly #tables: TableAccess;
  readonly #table: Table;
  readonly #find: (frame: Frame) => Row[];
  readonly #returning: Returning;

  constructor({ table, slots, input, returning }: BoundDelete, tables: TableAccess) {
    const compiler = new PlanCompiler();
    this.#tables = tables;
    this.#table = table;
    this.#find = rowFinder(input, slots, compiler);
    this.#returning = new Returning(returning, slots, compiler);
    this.outputs = this.#returning.outputs;
  }

  execute(frame: Frame, emit: Emit): number {
    const writer = writerOf(frame);
    const rows = this.#find(frame);
    for (const row of rows) {
      this.#tables.delete(writer, this.#table, row);
      this.#returning.emit(frame, row, emit);
    }
    return rows.length;
  }
}
