/**
 * Waiting until an engine has done what a fill left it to do: merges of an LSM tree, write-back of a log. By the processor
 * time of all threads of the process, so that it is the same question for every engine.
 */

import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_MS = 100;
/** Processor time per wall time below which a process is idle, and for how many looks in a row it has to be. */
const BUSY_RATIO = 0.05;
const IDLE_LOOKS = 5;
const WAIT_MS_MAX = 120_000;

/** Resolves when the process has been idle for half a second: to the milliseconds it was still busy until then. */
export async function untilIdle(): Promise<number> {
  const startMs = performance.now();
  let busyUntilMs = startMs;
  let idleLooks = 0;
  while (idleLooks < IDLE_LOOKS && performance.now() - startMs < WAIT_MS_MAX) {
    const before = process.cpuUsage();
    const lookMs = performance.now();
    await sleep(LOOK_MS);
    const { user, system } = process.cpuUsage(before);
    const nowMs = performance.now();
    if ((user + system) / 1000 < (nowMs - lookMs) * BUSY_RATIO) idleLooks++;
    else {
      idleLooks = 0;
      busyUntilMs = nowMs;
    }
  }
  return busyUntilMs - startMs;
}
