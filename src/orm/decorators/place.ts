/** Where a decorator stands. Entities are ordinary classes with string-named instance members; all else is refused. */

import { InvalidArgumentError } from '../../base/index.js';

export interface DecoratedPlace {
  readonly constructor: object;
  readonly property: string;
  /** `User.email`, for messages. */
  readonly text: string;
}

/** `decorator` is its name, such as `@Column`. */
export function decoratedPlace(decorator: string, target: object, property: string | symbol): DecoratedPlace {
  if (typeof target === 'function' || typeof property === 'symbol') {
    const found = typeof target === 'function' ? 'a static member' : 'a member named by a symbol';
    throw new InvalidArgumentError(`${decorator} belongs on an instance member with a plain name; found ${found}`, {
      facts: { decorator, found, property: String(property) },
    });
  }
  const { constructor } = target as { constructor: { name: string } };
  return { constructor, property, text: `${constructor.name}.${property}` };
}
