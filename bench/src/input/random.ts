/** Reproducible chance: every engine of a run gets the same keys and values in the same order. */

/** Draws an integer below a bound. */
export type DrawBelow = (bound: number) => number;
/** Draws a fraction of [0, 1). */
export type DrawFraction = () => number;

/** Integers of 32 bits from a seed (xorshift32, Marsaglia 2003). */
function seededWords(seed: number): () => number {
  // Neighbouring seeds must not begin alike: one round of multiplication and shift apart (splitmix32's constants).
  let state = Math.imul(seed ^ (seed >>> 16), 0x21f0aaad) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}

export function seededIntegers(seed: number): DrawBelow {
  const word = seededWords(seed);
  return (bound) => Math.floor((word() / 2 ** 32) * bound);
}

/** Fractions with all 53 bits of a double. */
export function seededFractions(seed: number): DrawFraction {
  const word = seededWords(seed);
  return () => {
    const high = word() >>> 5;
    return (high * 2 ** 26 + (word() >>> 6)) / 2 ** 53;
  };
}

/** The numbers 0 … count − 1 in random order (Fisher and Yates). */
export function shuffledNumbers(count: number, below: DrawBelow): Uint32Array {
  const numbers = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const other = below(i + 1);
    const number = numbers[i]!;
    numbers[i] = numbers[other]!;
    numbers[other] = number;
  }
  return numbers;
}
