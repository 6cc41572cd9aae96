/** Where a decorator stands. Entities are ordinary classes with string-named instance members; all else is refused. */

import { InvalidArgumentError } from '../../base/index.js';

export interface DecoratedPlace {
  readonly constructor: object;
  readonly property: string;
  /** `User.email`, for messages. */
  readonly text: string;
}

/** `decorator` is its name, such as `@Column`; `target` and `property` are what the compiler's code passes to it. */
export function decoratedPlace(decorator: string, target: unknown, property: unknown): DecoratedPlace {
  refuseStandardDecorator(decorator, property);
  if (typeof target === 'function' || typeof property === 'symbol') {
    const found = typeof target === 'function' ? 'a static member' : 'a member named by a symbol';
    throw new InvalidArgumentError(`${decorator} belongs on an instance member with a plain name; found ${found}`, {
      facts: { decorator, found, property: String(property) },
    });
  }
  if (typeof target !== 'object' || target === null || typeof property !== 'string') {
    throw new InvalidArgumentError(`${decorator} belongs on an instance member of a class`, { facts: { decorator } });
  }
  const { constructor } = target as { constructor: { name: string } };
  return { constructor, property, text: `${constructor.name}.${property}` };
}

/**
 * Standard (ECMAScript) decorators pass a context object second. They know nothing of the class or of types, so entities
 * need the older kind.
 */
export function refuseStandardDecorator(decorator: string, context: unknown): void {
  if (typeof context !== 'object' || context === null || !('kind' in context)) return;
  throw new InvalidArgumentError(
    `${decorator} was compiled as a standard decorator: set "experimentalDecorators": true in tsconfig.json ` +
      '(for types derived from properties also "emitDecoratorMetadata": true), or use defineEntity, which needs neither',
    { facts: { decorator, option: 'experimentalDecorators' } },
  );
}
