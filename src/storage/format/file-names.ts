/** Names of the files in a database directory. Everything else in it belongs to somebody else and is left alone. */

export const CURRENT_NAME = 'CURRENT';
/** The next `CURRENT` while it is being written. */
export const CURRENT_TEMPORARY_NAME = 'CURRENT.tmp';
export const LOCK_NAME = 'LOCK';

export type NumberedFileKind = 'log' | 'table' | 'value' | 'manifest';

export interface NumberedFileName {
  readonly kind: NumberedFileKind;
  readonly number: number;
}

const NUMBERED =
  /^(?:(?<manifest>MANIFEST-)(?<manifestNumber>\d{6,16})|(?<number>\d{6,16})\.(?<extension>log|tbl|val))$/;

const EXTENSIONS = { log: 'log', table: 'tbl', value: 'val' } as const;

/** `000007.log`, `000007.tbl`, `000007.val`, `MANIFEST-000007`. Numbers of all kinds come from one counter and are never reused. */
export function fileName(kind: NumberedFileKind, number: number): string {
  const digits = String(number).padStart(6, '0');
  if (kind === 'manifest') return `MANIFEST-${digits}`;
  return `${digits}.${EXTENSIONS[kind]}`;
}

/** What `fileName` made `name` from; undefined for any other name. */
export function parseFileName(name: string): NumberedFileName | undefined {
  const groups = NUMBERED.exec(name)?.groups;
  if (groups === undefined) return undefined;
  const kind = groups['manifest'] !== undefined ? 'manifest' : kindOf(groups['extension']);
  const number = Number(groups['manifestNumber'] ?? groups['number']);
  return fileName(kind, number) === name ? { kind, number } : undefined;
}

function kindOf(extension: string | undefined): 'log' | 'table' | 'value' {
  if (extension === EXTENSIONS.log) return 'log';
  return extension === EXTENSIONS.table ? 'table' : 'value';
}

/** True for every name that this engine may create in its directory, the lock file apart. */
export function isOwnFileName(name: string): boolean {
  return name === CURRENT_NAME || name === CURRENT_TEMPORARY_NAME || parseFileName(name) !== undefined;
}
