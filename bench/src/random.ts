/** Reproducible input: every engine of a run gets the same keys and values in the same order. */

/** A generator of integers below a bound, from a seed (xorshift32, Marsaglia 2003). */
export function seededIntegers(seed: number): (bound: number) => number {
  let state = seed >>> 0 || 1;
  return (bound) => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

/** The numbers 0 … count − 1 in random order (Fisher and Yates). */
export function shuffledNumbers(count: number, below: (bound: number) => number): Uint32Array {
  const numbers = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const other = below(i + 1);
    const number = numbers[i]!;
    numbers[i] = numbers[other]!;
    numbers[other] = number;
  }
  return numbers;
}

/** Sixteen ASCII digits, so that byte order is number order. */
export function keyOf(number: number): Buffer {
  return Buffer.from(number.toString().padStart(16, '0'), 'latin1');
}

/** Values that compress to about one half: random bytes, then the same bytes again. */
export function valuesOf(count: number, valueBytes: number, below: (bound: number) => number): Buffer[] {
  const half = Math.ceil(valueBytes / 2);
  return Array.from({ length: count }, () => {
    const value = Buffer.alloc(valueBytes);
    for (let i = 0; i < half; i++) value[i] = below(256);
    value.copy(value, half, 0, valueBytes - half);
    return value;
  });
}
