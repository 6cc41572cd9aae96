/**
 * The one state of an engine: open → closed, or open → poisoned → closed. Poisoned means that an I/O error made the state
 * on the device uncertain: nothing is acknowledged any more, and what was published can still be read.
 */

import { ClosedError, InvalidArgumentError } from '../../base/index.js';

export class Gate {
  readonly #readOnly: boolean;
  readonly #onPoison: (cause: unknown) => void;
  #closed = false;
  #poison: { readonly cause: unknown } | undefined;
  #told = false;

  /** @param onPoison called once, with the first fault. */
  constructor(readOnly: boolean, onPoison: (cause: unknown) => void) {
    this.#readOnly = readOnly;
    this.#onPoison = onPoison;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get poisoned(): boolean {
    return this.#poison !== undefined;
  }

  /** The fault, as long as nobody was refused because of it; undefined when there is none. */
  get untold(): { readonly cause: unknown } | undefined {
    return this.#told ? undefined : this.#poison;
  }

  close(): void {
    this.#closed = true;
  }

  /** Stops all writing for good. The first cause is the one that is reported. */
  poison(cause: unknown): void {
    if (this.#poison !== undefined) return;
    this.#poison = { cause };
    this.#onPoison(cause);
  }

  checkReadable(): void {
    if (this.#closed) throw this.refusal();
  }

  checkWritable(): void {
    if (this.#closed || this.#poison !== undefined) throw this.refusal();
    if (this.#readOnly) throw new InvalidArgumentError('the database was opened read-only', { sqlState: '25006' });
  }

  /** The error of whoever comes too late. */
  refusal(): ClosedError {
    const poison = this.#poison;
    if (poison === undefined) return new ClosedError('the database is closed');
    this.#told = true;
    const reason = poison.cause instanceof Error ? poison.cause.message : String(poison.cause);
    return new ClosedError(`the database stopped itself after an error: ${reason}`, { cause: poison.cause });
  }
}
