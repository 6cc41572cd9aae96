/**
 * What a device may hold after a crash, as a new tree: synced state plus whatever a {@link CrashMode} lets through of
 * the unsynced operations. Pure: the tree it starts from is not changed, and equal seeds give equal images.
 *
 * One thing is assumed of devices beyond the contract: a write never damages bytes that were synced before it, even in
 * the same sector (SQLite calls it "powersafe overwrite"). Garbage therefore spreads only to unsynced neighbours.
 */

import { assert, type Random, randomBelow } from '../base/index.js';
import type { MemContent } from './mem-content.js';
import {
  applyContentOperation,
  type ContentOperation,
  MemDirectoryInode,
  MemFileInode,
  type MemInode,
  type NameOperation,
} from './mem-inode.js';

/**
 * - `kill`: the process died, the page cache did not; unsynced operations stay unsynced.
 * - `lost`: nothing unsynced survives.
 * - `prefix`: the unsynced operations of all files and directories up to some moment survive.
 * - `subset`: any unsynced writes, truncations and name changes survive, across files.
 * - `torn-512`, `torn-4096`: like `subset`, but of a write only some sectors may: its head, tail, middle, or a mixture.
 * - `torn-bytes`: the same with pieces of any length, harsher than hardware, for records smaller than a sector.
 * - `zeros`: files have grown, but some writes left zeros where they grew.
 * - `garbage`: random bytes in the range of some writes, and in the neighbouring unsynced bytes of the same sectors.
 * - `recycled`: in the range of some writes, the bytes that another file holds there.
 * - `names-lost`: all contents survive, unsynced name changes do not.
 * - `data-lost`: all name changes survive, unsynced contents do not.
 *
 * Name changes are atomic one by one; in the modes that choose, each is kept or lost independently and in any order
 * relative to contents, so an unlink may precede the rename before it, or a rename survive without its file's data.
 */
export const CRASH_MODES = [
  'kill',
  'lost',
  'prefix',
  'subset',
  'torn-512',
  'torn-4096',
  'torn-bytes',
  'zeros',
  'garbage',
  'recycled',
  'names-lost',
  'data-lost',
] as const;

export type CrashMode = (typeof CRASH_MODES)[number];

/** The image of the tree under `root`, sharing nothing with it that can change. */
export function crashTree(root: MemDirectoryInode, mode: CrashMode, random: Random): MemDirectoryInode {
  const copied = mode === 'kill' ? new TreeCopy().inode(root) : new CrashImage(root, mode, random).inode(root);
  assert(copied.kind === 'directory', 'the image of a directory is a directory');
  return copied;
}

/** An exact copy with its own unsynced operations, for `kill`. */
class TreeCopy {
  readonly #copies = new Map<MemInode, MemInode>();

  inode(original: MemInode): MemInode {
    const known = this.#copies.get(original);
    if (known !== undefined) return known;
    if (original.kind === 'file') {
      const copy = new MemFileInode(original.current.clone(), original.durable?.clone());
      copy.pending.push(...original.pending);
      this.#copies.set(original, copy);
      return copy;
    }
    const copy = new MemDirectoryInode(true);
    this.#copies.set(original, copy);
    for (const [name, inode] of original.names) copy.names.set(name, this.inode(inode));
    for (const [name, inode] of original.durableNames ?? []) copy.durableNames?.set(name, this.inode(inode));
    for (const operation of original.pending) copy.pending.push(this.#operation(operation));
    return copy;
  }

  #operation({ order, changes }: NameOperation): NameOperation {
    return {
      order,
      changes: changes.map(({ directory, name, inode }) => ({
        directory: this.#directory(directory),
        name,
        inode: inode === undefined ? undefined : this.inode(inode),
      })),
    };
  }

  #directory(original: MemDirectoryInode): MemDirectoryInode {
    const copy = this.inode(original);
    assert(copy.kind === 'directory', 'the copy of a directory is a directory');
    return copy;
  }
}

class CrashImage {
  readonly #mode: CrashMode;
  readonly #random: Random;
  readonly #images = new Map<MemInode, MemInode>();
  readonly #nameFates = new Map<NameOperation, boolean>();
  /** Every file that was reachable, in a fixed order: where recycled bytes come from. */
  readonly #donors: MemFileInode[] = [];
  /** `prefix`: the last operation that survives. */
  readonly #lastOrder: number;
  readonly #contentOdds: number;
  readonly #nameOdds: number;

  constructor(root: MemDirectoryInode, mode: CrashMode, random: Random) {
    this.#mode = mode;
    this.#random = random;
    const orders: number[] = [];
    for (const inode of reachable(root)) {
      for (const operation of inode.pending) orders.push(operation.order);
      if (inode.kind === 'file') this.#donors.push(inode);
    }
    orders.push(0);
    orders.sort((a, b) => a - b);
    this.#lastOrder = pick(random, orders);
    this.#contentOdds = pick(random, [0.1, 0.5, 0.9]);
    this.#nameOdds = pick(random, [0.2, 0.5, 0.9, 1]);
  }

  inode(original: MemInode): MemInode {
    const known = this.#images.get(original);
    if (known !== undefined) return known;
    const image = original.kind === 'file' ? this.#file(original) : this.#directory(original);
    this.#images.set(original, image);
    return image;
  }

  #directory(original: MemDirectoryInode): MemDirectoryInode {
    const survivors = new Map(original.durableNames);
    for (const operation of original.pending) {
      if (!this.#keepsNames(operation)) continue;
      for (const { directory, name, inode } of operation.changes) {
        if (directory !== original) continue;
        if (inode === undefined) survivors.delete(name);
        else survivors.set(name, inode);
      }
    }
    const image = new MemDirectoryInode(true);
    for (const [name, inode] of survivors) {
      const copy = this.inode(inode);
      image.names.set(name, copy);
      image.durableNames?.set(name, copy);
    }
    return image;
  }

  #keepsNames(operation: NameOperation): boolean {
    let fate = this.#nameFates.get(operation);
    if (fate === undefined) {
      fate = this.#chooseNames(operation);
      this.#nameFates.set(operation, fate);
    }
    return fate;
  }

  #chooseNames(operation: NameOperation): boolean {
    switch (this.#mode) {
      case 'lost':
      case 'names-lost':
        return false;
      case 'data-lost':
        return true;
      case 'prefix':
        return operation.order <= this.#lastOrder;
      default:
        return this.#random.float() < this.#nameOdds;
    }
  }

  #file(original: MemFileInode): MemFileInode {
    assert(original.durable !== undefined, 'crash images need tracked files');
    const content = original.durable.clone();
    const syncedBytes = content.sizeBytes;
    for (const operation of original.pending) this.#content(content, operation, syncedBytes);
    return new MemFileInode(content, content.clone());
  }

  #content(content: MemContent, operation: ContentOperation, syncedBytes: number): void {
    switch (this.#mode) {
      case 'lost':
      case 'data-lost':
        return;
      case 'names-lost':
        applyContentOperation(content, operation);
        return;
      case 'prefix':
        if (operation.order <= this.#lastOrder) applyContentOperation(content, operation);
        return;
      default:
        if (this.#random.float() < this.#contentOdds) applyContentOperation(content, operation);
        else if (operation.kind === 'write') this.#damage(content, operation.bytes, operation.position, syncedBytes);
    }
  }

  #damage(content: MemContent, bytes: Uint8Array, position: number, syncedBytes: number): void {
    const end = position + bytes.length;
    switch (this.#mode) {
      case 'torn-512':
        return this.#tear(content, bytes, position, 512);
      case 'torn-4096':
        return this.#tear(content, bytes, position, 4096);
      case 'torn-bytes':
        return this.#tear(content, bytes, position, 1 + randomBelow(this.#random, bytes.length));
      case 'zeros':
        if (end > content.sizeBytes) content.truncate(end);
        return;
      case 'garbage':
        return this.#spoil(content, position, end, syncedBytes);
      case 'recycled': {
        const stale = new Uint8Array(bytes.length);
        pick(this.#random, this.#donors).current.read(stale, position);
        content.write(stale, position);
        return;
      }
      default:
        return;
    }
  }

  #spoil(content: MemContent, start: number, end: number, syncedBytes: number): void {
    const from = Math.min(start, Math.max(syncedBytes, Math.floor(start / 512) * 512));
    const to = Math.max(end, Math.min(content.sizeBytes, Math.ceil(end / 512) * 512));
    const garbage = new Uint8Array(to - from);
    for (let i = 0; i < garbage.length; i++) garbage[i] = this.#random.u32();
    content.write(garbage, from);
  }

  /** Writes some of the pieces between multiples of `sectorBytes`. */
  #tear(content: MemContent, bytes: Uint8Array, position: number, sectorBytes: number): void {
    const end = position + bytes.length;
    const first = Math.floor(position / sectorBytes);
    const sectors = Math.ceil(end / sectorBytes) - first;
    const keeps = this.#tornPattern(sectors);
    for (let i = 0; i < sectors; i++) {
      if (!keeps(i)) continue;
      const from = Math.max(position, (first + i) * sectorBytes);
      const to = Math.min(end, (first + i + 1) * sectorBytes);
      content.write(bytes.subarray(from - position, to - position), from);
    }
  }

  #tornPattern(sectors: number): (sector: number) => boolean {
    const from = randomBelow(this.#random, sectors + 1);
    const to = from + randomBelow(this.#random, sectors + 1 - from);
    switch (randomBelow(this.#random, 4)) {
      case 0:
        return (sector) => sector < from;
      case 1:
        return (sector) => sector >= from;
      case 2:
        return (sector) => sector >= from && sector < to;
      default:
        return () => this.#random.float() < 0.5;
    }
  }
}

/** Every inode that a name leads to or could lead to after a crash, each once, in a fixed order. */
function* reachable(root: MemDirectoryInode): Generator<MemInode> {
  const seen = new Set<MemInode>([root]);
  for (const inode of seen) {
    yield inode;
    if (inode.kind === 'file') continue;
    for (const child of inode.names.values()) seen.add(child);
    for (const child of inode.durableNames?.values() ?? []) seen.add(child);
    for (const { changes } of inode.pending) {
      for (const change of changes) if (change.inode !== undefined) seen.add(change.inode);
    }
  }
}

function pick<T>(random: Random, choices: readonly T[]): T {
  const choice = choices[randomBelow(random, choices.length)];
  assert(choice !== undefined, 'there is something to choose from');
  return choice;
}
