import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect, test } from 'vitest';
import type { EngineEvent, EngineMessage } from '../../../../src/storage/index.js';
import { publishing } from '../../../../src/storage/index.js';
import { MemFileSystem } from '../../../../src/vfs/index.js';
import { batchOf, ENGINE_DIRECTORY, openTestEngine } from '../fixtures.js';

const FLUSH: EngineEvent = { type: 'flush', tables: 1, bytesWritten: 2, entriesDropped: 3 };

function collect(name: string): { messages: unknown[]; stop: () => void } {
  const messages: unknown[] = [];
  const receive = (message: unknown): void => void messages.push(message);
  subscribe(name, receive);
  return { messages, stop: () => void unsubscribe(name, receive) };
}

test('every kind of event has its channel, and the listener gets it too', () => {
  const events: EngineEvent[] = [
    FLUSH,
    { type: 'stall', effect: 'slowed', reason: 'debt' },
    { type: 'damage', file: '000003.log', error: new Error('y') },
    { type: 'recovery', lastTimestamp: 1, batchesReplayed: 0, tornBytesCut: 0, tookMs: 1 },
    { type: 'poisoned', cause: new Error('x') },
  ];
  const heard: EngineEvent[] = [];
  const listener = publishing((event) => void heard.push(event), '/here');
  for (const event of events) {
    const { messages, stop } = collect(`varve:${event.type}`);
    listener(event);
    stop();
    listener(event);
    expect(messages).toEqual([{ ...event, directory: '/here' }]);
  }
  expect(heard).toHaveLength(10);
  expect(heard[0]).toBe(FLUSH);
});

test('an engine tells of recovery, flush and compaction', async () => {
  const channels = ['varve:recovery', 'varve:flush', 'varve:compaction'].map(collect);
  const { engine, events } = await openTestEngine(new MemFileSystem());
  await engine.commit(batchOf({ a: '1' }), 1);
  await engine.compact();
  await engine.close();
  for (const { stop } of channels) stop();
  const messages = channels.flatMap((one) => one.messages as EngineMessage[]);
  expect(messages.map((message) => message.type)).toEqual(['recovery', 'flush', 'compaction']);
  expect(messages).toEqual(events.map((event) => ({ ...event, directory: ENGINE_DIRECTORY })));
});
