/** What one round of one workload on one engine gave. */

/** Pauses of the event loop in microseconds: how late a timer of 1 ms fired (`perf_hooks.monitorEventLoopDelay`). */
export interface PauseFigures {
  readonly pauseP50us: number | null;
  readonly pauseP99us: number | null;
  readonly pauseP999us: number | null;
  readonly pauseMaxUs: number | null;
}

export interface Figures extends PauseFigures {
  readonly opsPerSec: number;
  readonly p50us: number;
  readonly p99us: number;
  /** Bytes that the process handed to write calls; null where the system does not tell. */
  readonly bytesWritten: number | null;
  readonly bytesOnDisk: number;
  readonly rssMb: number;
}

export interface Measurement extends Figures {
  readonly workload: string;
  /** Figures that only this workload has, by name. */
  readonly facts: Readonly<Record<string, number>>;
  /** With `--profile`: the functions in which the main thread spent its time. */
  readonly profile: readonly ProfileLine[] | null;
}

/** A function and its share, 0 to 1, of the samples in which the main thread was not idle. */
export interface ProfileLine {
  readonly function: string;
  readonly share: number;
}

export const NO_PAUSES: PauseFigures = { pauseP50us: null, pauseP99us: null, pauseP999us: null, pauseMaxUs: null };
