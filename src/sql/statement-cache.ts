/**
 * Parsed and planned statements by text, bounded. Two generations stand in for exact recency: a text found in the old one
 * moves to the young one, and when the young one is full it becomes the old one and the old one goes. A hit in the young
 * generation changes nothing, so it costs one lookup.
 */

import type { StatementPlans } from './statement-plans.js';

export class StatementCache {
  readonly #generationMax: number;
  #young = new Map<string, StatementPlans>();
  #old = new Map<string, StatementPlans>();

  /** Holds at most `size` statements, and at least the newest half of that. */
  constructor(size: number) {
    this.#generationMax = Math.max(1, size >> 1);
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(text: string): StatementPlans | undefined {
    const young = this.#young.get(text);
    if (young !== undefined) return young;
    const old = this.#old.get(text);
    if (old === undefined) return undefined;
    this.#old.delete(text);
    this.add(text, old);
    return old;
  }

  add(text: string, plans: StatementPlans): void {
    if (this.#young.size >= this.#generationMax) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(text, plans);
  }
}
