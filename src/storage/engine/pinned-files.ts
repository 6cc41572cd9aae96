/** One version of a database as a set of files that can be linked or copied elsewhere and opened there. */

import { join } from 'node:path';
import type { Timestamp } from '../entry.js';
import { encodeFileHeader, FileMagic } from '../format/file-header.js';
import { CURRENT_NAME, fileName } from '../format/file-names.js';
import type { TableMeta } from '../format/manifest-edit.js';
import { placeName, placeNumber } from '../format/value-pointer.js';
import type { Table } from '../table/table.js';
import { referencedBytes } from '../values/segment-references.js';
import { encodeCurrent, encodeManifest } from '../version/manifest.js';
import type { Version } from '../version/version.js';
import type { VersionSet } from '../version/version-set.js';

export interface PinnedTable {
  readonly name: string;
  readonly path: string;
  readonly meta: TableMeta;
}

/** A file that tables point into. */
export interface PinnedSegment {
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
}

export interface PinnedFiles {
  /** Every commit up to it is in the tables; none after it is. */
  readonly timestamp: Timestamp;
  /** Durable files that never change. */
  readonly tables: readonly PinnedTable[];
  /** Likewise; what `tables` point into. */
  readonly segments: readonly PinnedSegment[];
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
    segments: segmentsOf(versions, pinned.version, directory),
    contents: [
      { name: fileName('log', logNumber), bytes: encodeFileHeader(FileMagic.log, logNumber) },
      { name: fileName('manifest', manifestNumber), bytes: manifest },
      { name: CURRENT_NAME, bytes: encodeCurrent(manifestNumber) },
    ],
    release: () => pinned.release(),
  };
}

function segmentsOf(versions: VersionSet, version: Version<Table>, directory: string): PinnedSegment[] {
  const sizes = versions.segmentSizes();
  return [...referencedBytes(version.tables()).keys()].map((place) => {
    const name = placeName(place);
    versions.spares.shared(placeNumber(place));
    return { name, path: join(directory, name), sizeBytes: sizes.get(place)! };
  });
}
