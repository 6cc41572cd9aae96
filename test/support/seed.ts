/**
 * Seeds for randomised tests. Runs are reproducible by default; `VARVE_SEED=123` picks a seed, `VARVE_SEED=fresh` a new
 * one per process, and every failure prints the one in use.
 */

const requested = process.env['VARVE_SEED'] ?? '1';

/** The seed of this process. */
export const seed: number = requested === 'fresh' ? Math.floor(Math.random() * 2 ** 31) : Number(requested);

if (!Number.isSafeInteger(seed)) throw new RangeError(`VARVE_SEED is "${requested}"; expected an integer or "fresh"`);
if (requested === 'fresh') process.stderr.write(`VARVE_SEED=${seed}\n`);

/** Multiplies the default number of runs of every randomised test: `VARVE_RUNS=20` for a long session. */
const factor = Number(process.env['VARVE_RUNS'] ?? '1');

/** fast-check parameters for a property that normally gets `runs` runs. */
export function propertyOptions(runs: number): { seed: number; numRuns: number } {
  return { seed, numRuns: Math.max(1, Math.round(runs * factor)) };
}
