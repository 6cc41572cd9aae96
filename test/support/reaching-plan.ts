/** Chance decides what a small scenario comes across: of the plans from a seed on, the first whose run takes every wanted step. */

import type { CommitPlan } from './commit-plan.js';

const PLANS_MAX = 40;

/** @param traceOf runs a plan and returns what it did to the file system. @param steps each to be found in a line of that. */
export async function reachingPlan(
  planOf: (attempt: number) => CommitPlan,
  traceOf: (plan: CommitPlan) => Promise<readonly string[]>,
  steps: readonly RegExp[],
): Promise<CommitPlan> {
  for (let attempt = 0; attempt < PLANS_MAX; attempt++) {
    const plan = planOf(attempt);
    const trace = await traceOf(plan);
    if (steps.every((step) => trace.some((line) => step.test(line)))) return plan;
  }
  throw new Error(`none of ${PLANS_MAX} plans takes all of ${steps.join(', ')}`);
}
