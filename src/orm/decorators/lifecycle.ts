/**
 * Decorators of methods that the ORM calls around the life of an entity. Methods take no arguments and may return a
 * promise, which is awaited. Bulk `update(where, …)` and `delete(where)` load no entities and call no methods.
 */

import { declarationOf, type HookEvent } from '../metadata/declaration.js';
import { decoratedPlace } from './place.js';

/** Any decorator of a method `(this: Entity) => void | Promise<void>`. */
export type HookDecorator = <Method extends () => void | Promise<void>>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => void;

function hook(decorator: string, event: HookEvent): HookDecorator {
  return (target, key) => {
    const place = decoratedPlace(decorator, target, key);
    declarationOf(place.constructor).hooks.push({ event, method: place.property });
  };
}

/** Before the row is made; may still change the entity. */
export const BeforeInsert = (): HookDecorator => hook('@BeforeInsert', 'beforeInsert');
/** Generated values are set. The transaction may still fail. */
export const AfterInsert = (): HookDecorator => hook('@AfterInsert', 'afterInsert');
/** Called only when something changed; may change more. */
export const BeforeUpdate = (): HookDecorator => hook('@BeforeUpdate', 'beforeUpdate');
export const AfterUpdate = (): HookDecorator => hook('@AfterUpdate', 'afterUpdate');
export const BeforeRemove = (): HookDecorator => hook('@BeforeRemove', 'beforeRemove');
export const AfterRemove = (): HookDecorator => hook('@AfterRemove', 'afterRemove');
/** After the entity and everything that `with` asked for was loaded. */
export const AfterLoad = (): HookDecorator => hook('@AfterLoad', 'afterLoad');
