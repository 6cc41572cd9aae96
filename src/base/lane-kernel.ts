/**
 * The inner loop of `lane-checksum.ts` as a WebAssembly module: sixteen bytes at a time, which JavaScript has no words for. There is no
 * compiler behind it: this file writes the half kilobyte of the module, after chapter 5 of the WebAssembly Core
 * Specification 2.0 (vector instructions: 5.4.8).
 */

/** Of the step of a lane, see `lane-checksum.ts`. */
export const STATE_PRIME = 0x9e3779b1 | 0;
export const WORD_PRIME = 0x85ebca77 | 0;
export const ROTATION = 13;
/** Bytes of one round: eight registers of four lanes each. */
export const ROUND_BYTES = 128;
const REGISTERS = 8;
const REGISTER_BYTES = ROUND_BYTES / REGISTERS;
/** Where the kernel leaves the lanes. */
export const LANES_AT = 128;
const PAGE_BYTES = 2 ** 16;
export const KERNEL_MEMORY_BYTES = 2 * PAGE_BYTES;

export interface LaneKernel {
  readonly memory: { readonly buffer: ArrayBuffer };
  /** Takes `memory[from, from + 128)` as lanes, runs `memory[at, end)`, whole rounds and at least one, and leaves the lanes at `LANES_AT`. */
  readonly run: (from: number, at: number, end: number) => void;
}

/** What is used of the global `WebAssembly`, which the types of Node do not declare. */
interface WebAssemblyGlobal {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { readonly exports: unknown };
}

/**
 * `undefined` where it cannot be had: without WebAssembly (`node --jitless`), without its vectors (processors before SSE 4.1), or where a
 * memory does not get its ten gigabytes of addresses (`ulimit -v`).
 */
export function laneKernel(): LaneKernel | undefined {
  const { WebAssembly } = globalThis as { WebAssembly?: WebAssemblyGlobal };
  if (WebAssembly === undefined) return undefined;
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(moduleBytes())).exports as LaneKernel;
  } catch {
    return undefined;
  }
}

type Code = readonly number[];

/** Magic and version. */
const HEADER: Code = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const I32 = 0x7f;
const V128 = 0x7b;
const FUNCTION = 0x60;
const MEMORY = 2;
const END: Code = [0x0b];

const FROM = 0;
const AT = 1;
const BEYOND = 2;
const PARAMETERS: Code = [I32, I32, I32];
const FIRST_REGISTER = PARAMETERS.length;
const STATE_MULTIPLIER = FIRST_REGISTER + REGISTERS;
const WORD_MULTIPLIER = STATE_MULTIPLIER + 1;

const get = (local: number): Code => [0x20, local];
const set = (local: number): Code => [0x21, local];
const tee = (local: number): Code => [0x22, local];
const constant = (value: number): Code => [0x41, ...signed(value)];
const vector = (operation: number, ...immediates: Code): Code => [0xfd, ...unsigned(operation), ...immediates];
/** As if at odd addresses: the processors that matter do not care. */
const load = (offset: number): Code => vector(0x00, 0, ...unsigned(offset));
const store = (offset: number): Code => vector(0x0b, 0, ...unsigned(offset));
const SPLAT = vector(0x11);
const OR = vector(0x50);
const SHIFT_LEFT = vector(0xab);
const SHIFT_RIGHT = vector(0xad);
const ADD_LANES = vector(0xae);
const MULTIPLY = vector(0xb5);
const ADD: Code = [0x6a];
const IS_BELOW: Code = [0x49];
const LOOP: Code = [0x03, 0x40];
const AGAIN_IF: Code = [0x0d, 0];

function moduleBytes(): Uint8Array {
  const registers = Array.from({ length: REGISTERS }, (_, i) => ({
    local: FIRST_REGISTER + i,
    offset: i * REGISTER_BYTES,
  }));
  const body = [
    [constant(STATE_PRIME), SPLAT, set(STATE_MULTIPLIER)],
    [constant(WORD_PRIME), SPLAT, set(WORD_MULTIPLIER)],
    ...registers.map(({ local, offset }) => [get(FROM), load(offset), set(local)]),
    [LOOP],
    ...registers.map(({ local, offset }) => [
      [get(local), get(AT), load(offset), get(WORD_MULTIPLIER), MULTIPLY, ADD_LANES, tee(local)].flat(),
      [constant(ROTATION), SHIFT_LEFT, get(local), constant(32 - ROTATION), SHIFT_RIGHT, OR].flat(),
      [get(STATE_MULTIPLIER), MULTIPLY, set(local)].flat(),
    ]),
    [get(AT), constant(ROUND_BYTES), ADD, tee(AT), get(BEYOND), IS_BELOW, AGAIN_IF, END],
    ...registers.map(({ local, offset }) => [constant(0), get(local), store(LANES_AT + offset)]),
    [END],
  ];
  const locals = list([[REGISTERS + 2, V128]]);
  const parameters = list(PARAMETERS.map((type) => [type]));
  const sections = [
    section(1, list([[FUNCTION, ...parameters, ...list([])]])),
    section(3, list([[0]])),
    section(5, list([[0, KERNEL_MEMORY_BYTES / PAGE_BYTES]])),
    section(
      7,
      list([
        [...name('memory'), MEMORY, 0],
        [...name('run'), 0, 0],
      ]),
    ),
    section(10, list([sized([...locals, ...body.flat(2)])])),
  ];
  return Uint8Array.from([...HEADER, ...sections.flat()]);
}

function section(id: number, content: Code): Code {
  return [id, ...sized(content)];
}

function list(items: readonly Code[]): Code {
  return [...unsigned(items.length), ...items.flat()];
}

function sized(content: Code): Code {
  return [...unsigned(content.length), ...content];
}

function name(text: string): Code {
  return sized([...text].map((letter) => letter.charCodeAt(0)));
}

/** LEB128. */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

/** LEB128 of a 32-bit integer with sign. */
function signed(value: number): Code {
  const rest = value >> 7;
  const isLast = rest === value >> 31 && (value & 0x40) === (rest & 0x40);
  return isLast ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(rest)];
}
