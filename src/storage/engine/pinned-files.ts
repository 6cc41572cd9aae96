/** One version of a database as a set of files that can be linked or copied elsewhere and opened there. */

import { join } from 'node:path';
import type { Timestamp } from '../entry.js';
import { encodeFileHeader, FileMagic } from '../format/file-header.js';
import { CURRENT_NAME, fileName } from '../format/file-names.js';
import type { TableMeta } from '../format/manifest-edit.js';
import { encodeCurrent, encodeManifest } from '../version/manifest.js';
import type { VersionSet } from '../version/version-set.js';

export interface PinnedTable {
  readonly name: string;
  readonly path: string;
  readonly meta: TableMeta;
}

export interface PinnedFiles {
  /** Every commit up to it is in the tables; none after it is. */
  readonly timestamp: Timestamp;
  /** Durable files that never change. */
  readonly tables: readonly PinnedTable[];
  /** Files that go beside them, to be created in this order: an empty log segment, the manifest, `CURRENT`. */
  readonly contents: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  /** Lets the tables be deleted. Idempotent. */
  release(): void;
}

export function pinFiles(versions: VersionSet, directory: string): PinnedFiles {
  const state = versions.state;
  const pinned = versions.pin();
  const logNumber = state.nextFileNumber;
  const manifestNumber = logNumber + 1;
  const manifest = encodeManifest(manifestNumber, { ...state, logNumber, nextFileNumber: manifestNumber + 1 });
  return {
    timestamp: state.lastTimestamp,
    tables: [...pinned.version.tables()].map(({ meta }) => {
      const name = fileName('table', meta.fileNumber);
      return { name, path: join(directory, name), meta };
    }),
    contents: [
      { name: fileName('log', logNumber), bytes: encodeFileHeader(FileMagic.log, logNumber) },
      { name: fileName('manifest', manifestNumber), bytes: manifest },
      { name: CURRENT_NAME, bytes: encodeCurrent(manifestNumber) },
    ],
    release: () => pinned.release(),
  };
}
