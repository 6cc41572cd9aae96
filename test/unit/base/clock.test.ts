import { expect, test } from 'vitest';
import { ForwardClock, ManualClock } from '../../../src/base/index.js';

test('a forward clock shows what the other does, as long as that goes on', () => {
  const wall = new ManualClock(1000);
  const clock = new ForwardClock(wall);
  expect(clock.nowMs()).toBe(1000);
  wall.advance(5);
  expect(clock.nowMs()).toBe(1005);
  wall.jumpTo(9000);
  expect(clock.nowMs()).toBe(9000);
});

test('where the other goes back it goes on at its own pace, until it is met', () => {
  const wall = new ManualClock(1000);
  const clock = new ForwardClock(wall);
  expect(clock.nowMs()).toBe(1000);
  wall.jumpTo(400);
  expect(clock.nowMs()).toBe(1000);
  wall.advance(100);
  expect(clock.nowMs()).toBe(1100);
  wall.jumpTo(200);
  wall.advance(50);
  expect(clock.nowMs()).toBe(1150);
  wall.jumpTo(1149);
  expect(clock.nowMs()).toBe(1150);
  wall.jumpTo(1151);
  expect(clock.nowMs()).toBe(1151);
  wall.jumpTo(1000);
  wall.advance(10);
  expect(clock.nowMs()).toBe(1151);
  wall.advance(10);
  expect(clock.nowMs()).toBe(1161);
});

test('it can be put forward, and is never put back', () => {
  const wall = new ManualClock(1000);
  const clock = new ForwardClock(wall);
  clock.notBefore(5000);
  expect(clock.nowMs()).toBe(5000);
  clock.notBefore(3000);
  wall.advance(7);
  expect(clock.nowMs()).toBe(5007);
  wall.jumpTo(6000);
  expect(clock.nowMs()).toBe(6000);
});
