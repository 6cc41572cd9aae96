/** Assertions: they guard against our own bugs, never against the outside world, and stay on in production. */

/** Thrown when Varve breaks one of its own invariants. Not a `VarveError`: there is nothing for a caller to handle. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Throws {@link InvariantError} unless `condition` holds. */
export function assert(condition: unknown, invariant: string): asserts condition {
  if (!condition) throw new InvariantError(`invariant broken: ${invariant}`);
}

/** Marks a branch the type system has proven empty. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable value: ${String(value)}`);
}
