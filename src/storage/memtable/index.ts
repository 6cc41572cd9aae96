/** The in-memory layer of the engine and the write buffer of transactions. */

export { EntryArena } from './entry-arena.js';
export { Memtable, type MemtableMark, type MemtableOptions } from './memtable.js';
export { MemtableMemories } from './memtable-memory.js';
export { type ShareableEntries, type SharedEntries, sharedEntriesCursor } from './shared-entries.js';
