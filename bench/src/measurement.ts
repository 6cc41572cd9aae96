/** Times one workload, operation by operation, and what the process did meanwhile. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What one round of one workload on one engine gave. */
export interface Measurement {
  readonly workload: string;
  readonly opsPerSec: number;
  readonly p50us: number;
  readonly p99us: number;
  /** Bytes that the process caused to be written to storage; null where the system does not tell. */
  readonly bytesWritten: number | null;
  readonly bytesOnDisk: number;
  readonly rssMb: number;
}

/** Runs `operation(i)` for i = 0 … calls − 1; each call counts as `opsPerCall` operations. */
export async function measure(
  workload: string,
  directory: string,
  { calls, opsPerCall = 1 }: { calls: number; opsPerCall?: number },
  operation: (call: number) => unknown,
): Promise<Measurement> {
  const latenciesMs = new Float64Array(calls);
  const writtenBefore = bytesWrittenByProcess();
  const startMs = performance.now();
  let previousMs = startMs;
  for (let call = 0; call < calls; call++) {
    const pending = operation(call);
    // Awaiting a value that is no promise would cost synchronous engines a turn of the microtask queue.
    if (pending instanceof Promise) await pending;
    const nowMs = performance.now();
    latenciesMs[call] = nowMs - previousMs;
    previousMs = nowMs;
  }
  const seconds = (previousMs - startMs) / 1000;
  const writtenAfter = bytesWrittenByProcess();
  latenciesMs.sort();
  return {
    workload,
    opsPerSec: (calls * opsPerCall) / seconds,
    p50us: latenciesMs[Math.floor((calls - 1) * 0.5)]! * 1000,
    p99us: latenciesMs[Math.floor((calls - 1) * 0.99)]! * 1000,
    bytesWritten: writtenBefore === null || writtenAfter === null ? null : writtenAfter - writtenBefore,
    bytesOnDisk: bytesOnDisk(directory),
    rssMb: process.memoryUsage().rss / 2 ** 20,
  };
}

/** From Linux's accounting; counts pages as they get dirty, not when they reach the device. */
function bytesWrittenByProcess(): number | null {
  try {
    const found = /^write_bytes: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'));
    return found === null ? null : Number(found[1]);
  } catch {
    return null; // not Linux
  }
}

/** Space taken, not length: some engines make sparse files. */
function bytesOnDisk(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((total, entry) => total + statSync(join(entry.parentPath, entry.name)).blocks * 512, 0);
}
