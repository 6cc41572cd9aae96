/** FNV-1a of 64 bits as YCSB uses it (`Utils.fnvhash64`): over the eight octets of an integer, lowest first. */

const OFFSET_HIGH = 0xcbf29ce4;
const OFFSET_LOW = 0x84222325;
/** The prime, 1099511628211, is 2^40 + this. */
const PRIME_LOW = 0x1b3;

/** @param value a non-negative safe integer. @returns the absolute value of the signed hash, as Java's `Math.abs`. */
export function fnvHash64(value: number): bigint {
  let high = OFFSET_HIGH;
  let low = OFFSET_LOW;
  let rest = value;
  for (let octet = 0; octet < 8; octet++) {
    const next = Math.floor(rest / 256);
    low = (low ^ (rest - next * 256)) >>> 0;
    rest = next;
    // (high, low) × (2^40 + 0x1b3) mod 2^64: every product stays below 2^53.
    const product = low * PRIME_LOW;
    high = (high * PRIME_LOW + Math.floor(product / 2 ** 32) + ((low << 8) >>> 0)) >>> 0;
    low = product >>> 0;
  }
  const signed = BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low));
  return signed < 0n ? -signed : signed;
}
