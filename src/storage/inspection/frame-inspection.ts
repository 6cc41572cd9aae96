/** Decodes one log segment or manifest frame by frame. Both are read whole, as recovery reads them. */

import { CorruptionError } from '../../base/index.js';
import type { FileSystem } from '../../vfs/index.js';
import { FILE_HEADER_BYTES, FileMagic } from '../format/file-header.js';
import { decodeLogRecord, type LogRecord } from '../format/log-record.js';
import { decodeManifestEdit, type ManifestEdit, type TableMeta } from '../format/manifest-edit.js';
import { FRAME_HEADER_BYTES, type FrameScan, FrameType, scanFrames, syncedOffsetAt } from '../format/record-frame.js';
import { isTestified, missingEnd, usedBytes, writtenEnd } from '../log/log-reader.js';
import { applyEdit, type DatabaseState, missingState } from '../version/manifest.js';
import { readWholeFile } from '../whole-file.js';
import { type DamageItem, damageOf, type HeaderItem, inspectHeader } from './finding.js';

/** A frame whose checksum holds. */
interface FrameItem {
  readonly offset: number;
  /** Of the body. */
  readonly bytes: number;
  /** How much of the file was known to be durable when it was written. */
  readonly syncedOffset: number;
}

export interface LogRecordItem extends FrameItem {
  readonly item: 'record';
  readonly record: LogRecord;
}

/** Behind the records of a segment: zeros written ahead of those that would have followed, or what the file held before. */
export interface LogRoomItem {
  readonly item: 'room';
  readonly offset: number;
  readonly bytes: number;
}

export interface ManifestEditItem extends FrameItem {
  readonly item: 'edit';
  readonly edit: ManifestEdit;
}

/** What all edits come to; the last item of a manifest whose edits fit together. */
export interface ManifestStateItem {
  readonly item: 'state';
  readonly state: DatabaseState;
}

/** What a crash leaves of unfinished writes at the end of a file. Recovery expects it and cuts it off: no damage. */
export interface TornTailItem {
  readonly item: 'torn-tail';
  readonly offset: number;
  readonly bytes: number;
  /** Why it does not count. */
  readonly error: DamageItem['error'];
}

export type LogItem = HeaderItem | DamageItem | TornTailItem | LogRecordItem | LogRoomItem;
export type ManifestItem = HeaderItem | DamageItem | TornTailItem | ManifestEditItem | ManifestStateItem;

export interface InspectedFile {
  readonly path: string;
  /** For messages. */
  readonly name: string;
  readonly fileNumber: number;
}

/** @param mayBeTorn no later segment says that this one had been durable: only then may it end in a torn tail. */
export function* inspectLog(fileSystem: FileSystem, log: InspectedFile, mayBeTorn: boolean): Generator<LogItem> {
  const header = readHeader(fileSystem, log, FileMagic.log);
  const { content, frames, scan } = framesOf(fileSystem, log);
  const headerIsTorn = mayBeTorn && isCorruption(header) && !isTestified(content, log.fileNumber);
  yield headerIsTorn ? { item: 'torn-tail', offset: 0, bytes: usedBytes(content, 0), error: header.error } : header;
  let successor: number | undefined;
  for (const { type, ...frame } of frames) {
    try {
      const start = frame.offset + FRAME_HEADER_BYTES;
      const body = content.subarray(start, start + frame.bytes);
      const record = decodeLogRecord(type, body, { file: log.name, offset: start });
      if (record.type === 'end') successor = record.successor;
      yield { item: 'record', ...frame, record };
    } catch (error) {
      yield damageOf(error);
    }
  }
  const used = writtenEnd(content, scan, mayBeTorn);
  if (used > scan.end) yield* damageBehind(log.name, scan, used, mayBeTorn && successor !== 0);
  else if (!mayBeTorn && successor === undefined && header.item === 'header')
    yield damageOf(missingEnd(log.name, scan.end));
  if (content.length > used) yield { item: 'room', offset: used, bytes: content.length - used };
}

export function* inspectManifest(fileSystem: FileSystem, manifest: InspectedFile): Generator<ManifestItem> {
  const header = readHeader(fileSystem, manifest, FileMagic.manifest);
  yield header;
  const { content, frames, scan } = framesOf(fileSystem, manifest);
  let state: DatabaseState | undefined;
  try {
    for (const { type, ...frame } of frames) {
      const place = { file: manifest.name, offset: frame.offset + FRAME_HEADER_BYTES };
      if (type !== FrameType.Edit) {
        throw CorruptionError.at(place.file, frame.offset, { expected: 'an edit', found: `a frame of type ${type}` });
      }
      const edit = decodeManifestEdit(content.subarray(place.offset, place.offset + frame.bytes), place);
      yield { item: 'edit', ...frame, edit };
      state = applyEdit(state, edit, (meta: TableMeta) => meta, place);
    }
  } catch (error) {
    yield damageOf(error);
    return;
  }
  yield* damageBehind(manifest.name, scan, content.length, state !== undefined);
  if (state !== undefined) yield { item: 'state', state };
  else if (scan.damage === undefined && header.item === 'header') yield damageOf(missingState(manifest.name, scan.end));
}

function readHeader(fileSystem: FileSystem, { path, name, fileNumber }: InspectedFile, magic: FileMagic) {
  const file = fileSystem.open(path, 'read');
  try {
    return inspectHeader(file, magic, fileNumber, name);
  } finally {
    file.close();
  }
}

function framesOf(fileSystem: FileSystem, { path, fileNumber }: InspectedFile) {
  const content = readWholeFile(fileSystem, path);
  const frames: (FrameItem & { readonly type: number })[] = [];
  const scan = scanFrames(content, fileNumber, FILE_HEADER_BYTES, (type, start, end) => {
    const offset = start - FRAME_HEADER_BYTES;
    frames.push({ type, offset, bytes: end - start, syncedOffset: syncedOffsetAt(content, offset) });
    return undefined;
  });
  return { content, frames, scan };
}

/** @param mayBeTorn whether a crash can have left the file with an unfinished end. */
function* damageBehind(
  name: string,
  { damage, damageWasDurable, end }: FrameScan,
  used: number,
  mayBeTorn: boolean,
): Generator<DamageItem | TornTailItem> {
  if (damage === undefined) return;
  const finding = damageOf(CorruptionError.at(name, damage.offset, damage));
  yield mayBeTorn && !damageWasDurable
    ? { item: 'torn-tail', offset: end, bytes: used - end, error: finding.error }
    : finding;
}

/** Not one that another version of the library wrote. */
function isCorruption(header: HeaderItem | DamageItem): header is DamageItem {
  return header.item === 'damage' && header.error instanceof CorruptionError;
}
