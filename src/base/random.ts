/** Randomness as an injected dependency. */

export interface Random {
  /** Uniform in [0, 1). */
  float(): number;
  /** Uniform integer in [0, 2^32). */
  u32(): number;
}

export const systemRandom: Random = {
  float: () => Math.random(),
  u32: () => Math.floor(Math.random() * 2 ** 32),
};

/** Reproducible generator: mulberry32 (Tommy Ettinger, public domain), 32 bits of state, enough for tests and jitter. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const u32 = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return { u32, float: () => u32() / 2 ** 32 };
}

/** Uniform integer in [0, bound). */
export function randomBelow(random: Random, bound: number): number {
  return Math.floor(random.float() * bound);
}
