/**
 * GROUP BY and aggregates of one query: collects aggregate calls while clauses are bound, then rewrites the bound
 * expressions to read what grouping leaves behind, refusing columns that have no single value per group.
 */

import { SqlSemanticError } from '../../base/index.js';
import type { CallExpression, SourceSpan } from '../ast/index.js';
import type { AggregateNode, AggregateSlot, ComputedSlot, LogicalNode } from '../plan/logical-plan.js';
import { isComparable, resolveAggregate, typeText } from '../values/index.js';
import type { BoundExpression, BoundSlot, Slot } from './bound-expression.js';
import { coerce } from './coercion.js';
import { type AggregateCollector, ExpressionBinder } from './expression-binder.js';
import { expressionIdentity, expressionText } from './expression-text.js';
import { mapChildren } from './expression-traversal.js';
import type { Scope } from './scope.js';
import type { StatementContext } from './statement-context.js';

export class Aggregation implements AggregateCollector {
  readonly #context: StatementContext;
  readonly #scope: Scope;
  readonly #arguments: ExpressionBinder;
  readonly #aggregates = new Map<string, AggregateSlot & { readonly result: BoundSlot }>();
  readonly #keys = new Map<string, ComputedSlot & { readonly result: BoundSlot }>();
  #grouped = false;

  constructor(context: StatementContext, scope: Scope) {
    this.#context = context;
    this.#scope = scope;
    this.#arguments = new ExpressionBinder(context, scope, { clause: 'the argument of an aggregate' });
  }

  /** True when the query has groups: GROUP BY, HAVING, or an aggregate anywhere. */
  get isNeeded(): boolean {
    return this.#grouped || this.#aggregates.size > 0;
  }

  /** HAVING alone makes one group of everything. */
  requireGroups(): void {
    this.#grouped = true;
  }

  collect(call: CallExpression): BoundSlot {
    const { name, distinct, star, span } = call;
    const bound = call.arguments.map((argument) => this.#arguments.bind(argument));
    const resolved = resolveAggregate({ name, types: bound.map(({ type }) => type), distinct, star, span });
    const typed = bound.map((argument, i) =>
      coerce(argument, resolved.parameters[i]!, { what: `argument of ${name}`, span }),
    );
    const written = (text: (argument: BoundExpression) => string): string =>
      `${name}(${distinct ? 'DISTINCT ' : ''}${star ? '*' : typed.map(text).join(', ')})`;
    const identity = written(expressionIdentity);
    const known = this.#aggregates.get(identity);
    if (known !== undefined) return known.result;
    const slot = this.#context.newSlot();
    const label = written(expressionText);
    const result: BoundSlot = { kind: 'slot', type: resolved.result, slot, nullable: name !== 'count', label };
    this.#aggregates.set(identity, { slot, call: resolved, arguments: typed, label, result });
    return result;
  }

  /** Adds a GROUP BY expression. */
  addKey(expression: BoundExpression, span: SourceSpan | undefined): void {
    this.#grouped = true;
    if (!isComparable(expression.type)) {
      throw new SqlSemanticError(`GROUP BY cannot compare values of type ${typeText(expression.type)}`, {
        sqlState: '42883',
        facts: { type: typeText(expression.type), ...span },
      });
    }
    this.#addKey(expression);
  }

  #addKey(expression: BoundExpression): void {
    const identity = expressionIdentity(expression);
    if (this.#keys.has(identity)) return;
    // A plain column keeps its slot, so that whoever reads it, a subquery too, reads the group's value.
    const slot = expression.kind === 'slot' ? expression.slot : this.#context.newSlot();
    const label = expressionText(expression);
    const result: BoundSlot = { kind: 'slot', type: expression.type, slot, nullable: true, label };
    this.#keys.set(identity, { slot, expression, result: expression.kind === 'slot' ? expression : result });
  }

  /** With the whole primary key of a table in GROUP BY, its other columns have one value per group: they become keys. */
  #addDependentKeys(): void {
    for (const { table, columns } of this.#scope.sources) {
      if (table === undefined || table.keyIsHidden) continue;
      const slotOf = (name: string): BoundSlot => columns.find((column) => column.name === name)!.expression;
      const key = table.primaryKey.columns.map(({ column }) => slotOf(column.name));
      if (!key.every((slot) => this.#keys.has(expressionIdentity(slot)))) continue;
      for (const column of columns) if (isComparable(column.expression.type)) this.#addKey(column.expression);
    }
  }

  /** The expressions as they read above the grouping. Throws 42803 for a column that is neither grouped nor aggregated. */
  rewrite(expressions: readonly BoundExpression[]): BoundExpression[] {
    this.#addDependentKeys();
    const own = new Map<Slot, BoundSlot>();
    for (const source of this.#scope.sources) {
      for (const { expression } of source.columns) own.set(expression.slot, expression);
    }
    for (const { slot } of this.#keys.values()) own.delete(slot);
    return expressions.map((expression) => this.#rewriteOne(expression, own));
  }

  #rewriteOne(expression: BoundExpression, ungrouped: ReadonlyMap<Slot, BoundSlot>): BoundExpression {
    const key = this.#keys.get(expressionIdentity(expression));
    if (key !== undefined) return key.result;
    if (expression.kind === 'slot' && ungrouped.has(expression.slot)) throw notGrouped(expression);
    if (expression.kind === 'subquery') {
      for (const slot of expression.query.outerSlots) {
        const column = ungrouped.get(slot);
        if (column !== undefined) throw notGrouped(column);
      }
    }
    return mapChildren(expression, (part) => this.#rewriteOne(part, ungrouped));
  }

  /** The grouping itself. Call after everything was collected and rewritten. */
  node(input: LogicalNode): AggregateNode {
    const keys = [...this.#keys.values()].map(({ slot, expression }) => ({ slot, expression }));
    const aggregates = [...this.#aggregates.values()].map(({ slot, call, arguments: args, label }) => ({
      slot,
      call,
      arguments: args,
      label,
    }));
    return { kind: 'aggregate', input, keys, aggregates };
  }
}

function notGrouped({ label, span }: BoundSlot): SqlSemanticError {
  return new SqlSemanticError(`column "${label}" must appear in GROUP BY or inside an aggregate`, {
    sqlState: '42803',
    facts: { columnName: label, ...span },
  });
}
