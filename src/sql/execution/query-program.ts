/** SELECT and EXPLAIN as programs. */

import type { BoundQuery, OutputColumn } from '../binder/bound-query.js';
import type { BoundExplain } from '../binder/bound-statement.js';
import { explainPlan } from '../plan/explain.js';
import { planNode, planQuery } from '../plan/planner.js';
import { expressionText } from '../binder/expression-text.js';
import { TEXT } from '../values/index.js';
import type { Frame } from './frame.js';
import type { Operator, RowSource } from './operators/operator.js';
import { PlanCompiler } from './plan-compiler.js';
import type { Program } from './program.js';

export class QueryProgram implements Program {
  readonly command = 'SELECT';
  readonly isReadOnly = true;
  readonly outputs: readonly OutputColumn[];
  readonly #operator: Operator;

  constructor(query: BoundQuery) {
    this.outputs = query.outputs;
    this.#operator = new PlanCompiler().compile(planQuery(query));
  }

  open(frame: Frame): RowSource {
    return this.#operator.open(frame);
  }

  execute(frame: Frame, emit: (frame: Frame) => void): number {
    const source = this.#operator.open(frame);
    let count = 0;
    try {
      for (; source.next(); count++) emit(frame);
    } finally {
      source.close();
    }
    return count;
  }
}

/** One row of text per line of the plan. */
export class ExplainProgram implements Program {
  readonly command = 'EXPLAIN';
  readonly isReadOnly = true;
  readonly outputs: readonly OutputColumn[];
  readonly #lines: readonly string[];

  /** `slot` is free for the lines. */
  constructor({ statement }: BoundExplain, slot: number) {
    this.outputs = [{ name: 'plan', type: TEXT, slot, nullable: false }];
    this.#lines = linesOf(statement);
  }

  execute(frame: Frame, emit: (frame: Frame) => void): number {
    for (const line of this.#lines) {
      frame[this.outputs[0]!.slot] = line;
      emit(frame);
    }
    return this.#lines.length;
  }
}

function linesOf(statement: BoundExplain['statement']): string[] {
  switch (statement.kind) {
    case 'select':
      return explainPlan(planQuery(statement.query));
    case 'insert': {
      const { source, table } = statement;
      if (source.kind === 'values') return [`Insert into ${table.name}, rows: ${source.rows.length}`];
      return [`Insert into ${table.name}`, ...explainPlan(planQuery(source.query), 1)];
    }
    case 'update': {
      const set = statement.assignments.map(({ position, expression }) => {
        const { name } = statement.table.columns[position]!;
        return `${name} = ${expression === undefined ? 'DEFAULT' : expressionText(expression)}`;
      });
      const lines = explainPlan(planNode(statement.input, new Set(statement.slots)), 1);
      return [`Update ${statement.table.name}, ${set.join(', ')}`, ...lines];
    }
    case 'delete':
      return [
        `Delete from ${statement.table.name}`,
        ...explainPlan(planNode(statement.input, new Set(statement.slots)), 1),
      ];
  }
}
