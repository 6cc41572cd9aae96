/** Calls the methods that entities declare for events of their life. */

import type { HookEvent } from '../metadata/declaration.js';
import type { EntityMetadata } from '../registry/entity-metadata.js';

/** Runs the hooks one after the other. A promise only when one of them returned one. */
export function runHooks(entity: EntityMetadata, event: HookEvent, instance: object): Promise<void> | undefined {
  const methods = entity.hooks.get(event);
  if (methods === undefined) return undefined;
  for (let i = 0; i < methods.length; i++) {
    const result = callHook(instance, methods[i]!);
    if (isPromise(result)) return continueHooks(result, instance, methods.slice(i + 1));
  }
  return undefined;
}

async function continueHooks(first: PromiseLike<unknown>, instance: object, rest: readonly string[]): Promise<void> {
  await first;
  for (const method of rest) await callHook(instance, method);
}

function callHook(instance: object, method: string): unknown {
  return (instance as Record<string, () => unknown>)[method]!();
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}
