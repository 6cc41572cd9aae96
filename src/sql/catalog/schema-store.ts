/**
 * The schema in the store: reading the catalog that a view sees, and changing it inside a transaction. Every change
 * writes a new version number into one key, so that a reader recognises its schema with a single read, and a transaction
 * that wrote rows by the schema conflicts with one that changed it.
 */

import type { ReadView, WriteView } from '../../mvcc/index.js';
import { EMPTY_BYTES, equalBytes, prefixRange } from '../../base/index.js';
import { Catalog } from './catalog.js';
import { OBJECT_SEQUENCE_ID, type Sequences } from './sequences.js';
import type { Table } from './table.js';
import {
  decodeNumber,
  decodeTable,
  encodeNumber,
  encodeTable,
  sequenceKey,
  TABLES_PREFIX,
  tableKey,
  VERSION_KEY,
} from './table-record.js';

/** Decoded catalogs kept: the newest, and those of open snapshots and transactions that differ. */
const CACHED_CATALOGS_MAX = 16;

const EMPTY_CATALOG = new Catalog(0, []);

export class SchemaStore {
  readonly #sequences: Sequences;
  /** By version, least recently decoded first. Versions are unique, even those that were rolled back. */
  readonly #cache = new Map<number, Catalog>();

  /** The catalog last asked for, and its version as stored: what nearly every statement finds again. */
  #last = EMPTY_CATALOG;
  #lastStored: Uint8Array = EMPTY_BYTES;

  constructor(sequences: Sequences) {
    this.#sequences = sequences;
  }

  /** The schema that `view` sees, its own uncommitted changes included. */
  catalog(view: ReadView): Catalog {
    const stored = view.get(VERSION_KEY);
    if (stored === undefined) return EMPTY_CATALOG;
    if (equalBytes(stored, this.#lastStored)) return this.#last;
    const version = decodeNumber(stored);
    this.#last = this.#cache.get(version) ?? this.#load(view, version);
    this.#lastStored = stored;
    return this.#last;
  }

  /** Lets `tx` commit only if the schema by which it writes rows is still the one that it sees, whatever its isolation. */
  guard(tx: WriteView): void {
    tx.guard(VERSION_KEY);
  }

  newId(): number {
    return this.#sequences.next(OBJECT_SEQUENCE_ID);
  }

  /** Writes a new or changed table. */
  put(tx: WriteView, table: Table): void {
    tx.put(tableKey(table.id), encodeTable(table));
    this.#touch(tx);
  }

  /** Removes a table's record and sequences; its rows and entries are the caller's business. */
  remove(tx: WriteView, table: Table): void {
    tx.delete(tableKey(table.id));
    for (const { sequenceId } of table.columns) {
      if (sequenceId === undefined) continue;
      tx.delete(sequenceKey(sequenceId));
      this.#sequences.forget(sequenceId);
    }
    this.#touch(tx);
  }

  #touch(tx: WriteView): void {
    tx.put(VERSION_KEY, encodeNumber(this.newId()));
  }

  #load(view: ReadView, version: number): Catalog {
    const tables: Table[] = [];
    const cursor = view.cursor(prefixRange(TABLES_PREFIX));
    try {
      while (cursor.next()) tables.push(decodeTable(cursor.value()));
    } finally {
      cursor.close();
    }
    const catalog = new Catalog(version, tables);
    const [oldest] = this.#cache.keys();
    if (this.#cache.size >= CACHED_CATALOGS_MAX) this.#cache.delete(oldest!);
    this.#cache.set(version, catalog);
    return catalog;
  }
}
