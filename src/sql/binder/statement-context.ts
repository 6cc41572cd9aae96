/** What all parts of one statement's binding share: the schema, the parameters and the frame's next free slot. */

import type { Query } from '../ast/index.js';
import type { Catalog } from '../catalog/catalog.js';
import { CONTEXT_SLOT, type Slot } from './bound-expression.js';
import type { BoundQuery } from './bound-query.js';
import type { ParameterBindings } from './parameters.js';
import type { Scope } from './scope.js';

export type BindQuery = (context: StatementContext, query: Query, parent: Scope | undefined) => BoundQuery;

export class StatementContext {
  readonly catalog: Catalog;
  readonly parameters: ParameterBindings;
  /** Queries hold expressions and expressions hold queries: this closes the circle. */
  readonly bindQuery: BindQuery;
  #nextSlot = CONTEXT_SLOT + 1;

  constructor(catalog: Catalog, parameters: ParameterBindings, bindQuery: BindQuery) {
    this.catalog = catalog;
    this.parameters = parameters;
    this.bindQuery = bindQuery;
  }

  readonly newSlot = (): Slot => this.#nextSlot++;

  /** Slots a frame of this statement needs. */
  get frameSize(): number {
    return this.#nextSlot;
  }
}
