/**
 * Engine events on `node:diagnostics_channel`: `varve:flush`, `varve:compaction`, `varve:gc`, `varve:damage`, `varve:load`,
 * `varve:stall`, `varve:leak`, `varve:recovery` and `varve:poisoned`. A message is the event with the directory of its database; it is made only for
 * subscribers.
 */

import { channel } from 'node:diagnostics_channel';
import type { EngineEvent, EventListener } from './engine-options.js';

const channels: { readonly [K in EngineEvent['type']]: ReturnType<typeof channel> } = {
  flush: channel('varve:flush'),
  compaction: channel('varve:compaction'),
  gc: channel('varve:gc'),
  damage: channel('varve:damage'),
  load: channel('varve:load'),
  stall: channel('varve:stall'),
  leak: channel('varve:leak'),
  recovery: channel('varve:recovery'),
  poisoned: channel('varve:poisoned'),
};

/** What is published on the channel of its type. */
export type EngineMessage = EngineEvent & { readonly directory: string };

/** A listener that publishes every event of the database in `directory` and then hands it to `listener`. */
export function publishing(listener: EventListener, directory: string): EventListener {
  return (event) => {
    const target = channels[event.type];
    if (target.hasSubscribers) target.publish({ ...event, directory } satisfies EngineMessage);
    listener(event);
  };
}
