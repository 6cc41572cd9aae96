/** Physical plans to operators: done once per statement, shared by all its executions. */

import type { BoundExpression } from '../binder/bound-expression.js';
import { usedSlots } from '../binder/expression-traversal.js';
import { isPoint } from '../plan/access-path.js';
import type { HashJoin, NestedLoopJoin, PhysicalNode, Sort, TableScan } from '../plan/physical-plan.js';
import { planQuery } from '../plan/planner.js';
import type { RowProjection } from '../rows/row-codec.js';
import { negativeRange, type RangeClause } from '../values/index.js';
import { ExpressionCompiler } from './expression-compiler.js';
import type { Evaluate } from './frame.js';
import { KeyRanges } from './key-ranges.js';
import { AggregateOperator, DistinctOperator } from './operators/grouping.js';
import { HashJoinOperator, NestedLoopOperator } from './operators/join.js';
import type { Operator } from './operators/operator.js';
import {
  FilterOperator,
  LimitOperator,
  type LimitClosures,
  ProjectOperator,
  singleRow,
} from './operators/row-operators.js';
import { SortOperator } from './operators/sort.js';
import { TableScanOperator } from './operators/table-scan.js';
import { compileSubquery } from './subquery-compiler.js';

export class PlanCompiler {
  readonly expressions = new ExpressionCompiler((subquery): Evaluate => {
    const operator = this.compile(planQuery(subquery.query));
    const operand = subquery.operand && this.expressions.compile(subquery.operand);
    return compileSubquery(subquery, operator, operand);
  });

  compile(node: PhysicalNode): Operator {
    switch (node.kind) {
      case 'table-scan':
        return this.#tableScan(node);
      case 'single-row':
        return singleRow;
      case 'filter':
        return new FilterOperator(this.compile(node.input), this.expressions.compileTest(node.conditions));
      case 'nested-loop':
      case 'hash-join':
        return this.#join(node);
      case 'aggregate': {
        const keys = node.keys.map(({ slot, expression }) => ({
          slot,
          type: expression.type,
          evaluate: this.expressions.compile(expression),
        }));
        const aggregates = node.aggregates.map(({ slot, call, arguments: parts }) => ({
          slot,
          call,
          arguments: parts.map((part) => this.expressions.compile(part)),
        }));
        return new AggregateOperator(this.compile(node.input), keys, aggregates);
      }
      case 'project': {
        const computed = node.computed.map(({ slot, expression }) => ({
          slot,
          evaluate: this.expressions.compile(expression),
        }));
        return new ProjectOperator(this.compile(node.input), computed);
      }
      case 'distinct':
        return new DistinctOperator(this.compile(node.input), node.slots);
      case 'sort':
        return this.#sort(node);
      case 'limit':
        return new LimitOperator(this.compile(node.input), this.#limits(node));
    }
  }

  #tableScan({ scan, path, filter, positions }: TableScan): Operator {
    const used = new Set(filter.flatMap((condition: BoundExpression) => [...usedSlots(condition)]));
    const isEarly = (position: number): boolean => filter.length === 0 || used.has(scan.slots[position]!);
    const late = positions.filter((position) => !isEarly(position));
    return new TableScanOperator({
      table: scan.table,
      index: path.index,
      ranges: new KeyRanges(path, this.expressions),
      isPoint: isPoint(path),
      reverse: path.reverse,
      early: projectionOf(scan, positions.filter(isEarly)),
      test: filter.length === 0 ? undefined : this.expressions.compileTest(filter),
      late: late.length === 0 ? undefined : projectionOf(scan, late),
    });
  }

  #join(node: NestedLoopJoin | HashJoin): Operator {
    const { join, conditions, rightSlots } = node;
    const left = this.compile(node.left);
    const right = this.compile(node.right);
    const test = conditions.length === 0 ? undefined : this.expressions.compileTest(conditions);
    const parts = { join, left, right, test, rightSlots };
    if (node.kind === 'nested-loop') return new NestedLoopOperator(parts, node.dependsOn);
    const keys = node.keys.map((key) => ({
      left: this.expressions.compile(key.left),
      right: this.expressions.compile(key.right),
      type: key.type,
    }));
    return new HashJoinOperator(parts, keys);
  }

  #sort({ input, keys, slots, limit }: Sort): Operator {
    return new SortOperator(this.compile(input), keys, slots, limit && this.#limits(limit));
  }

  #limits({
    limit,
    offset,
  }: {
    limit: BoundExpression | undefined;
    offset: BoundExpression | undefined;
  }): LimitClosures {
    return {
      limit: limit && this.#notNegative(limit, 'LIMIT'),
      offset: offset && this.#notNegative(offset, 'OFFSET'),
    };
  }

  #notNegative(expression: BoundExpression, clause: RangeClause): Evaluate {
    const evaluate = this.expressions.compile(expression);
    const facts = expression.kind === 'parameter' ? { parameter: expression.binding.key } : {};
    return (frame) => {
      const value = evaluate(frame);
      if (value !== null && Number(value) < 0) throw negativeRange(clause, facts);
      return value;
    };
  }
}

function projectionOf({ table, slots }: TableScan['scan'], positions: readonly number[]): RowProjection {
  return {
    columns: positions,
    kinds: positions.map((position) => table.kinds[position]!),
    targets: positions.map((position) => slots[position]!),
  };
}
