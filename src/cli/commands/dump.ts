/** `varve dump`: one file, decoded; damage is shown in its place and makes the command fail. */

import { resolve } from 'node:path';
import { InvalidArgumentError } from '../../base/index.js';
import { type FileSystem, NodeFileSystem } from '../../vfs/index.js';
import type { CommandContext } from '../command.js';
import type { DumpLine } from '../dump/dump-line.js';
import { type DumpedFile, identifyFile } from '../dump/dumped-file.js';
import { logLines, manifestLines } from '../dump/frame-lines.js';
import { backupLines, currentLines, lockLines, valueLines } from '../dump/small-file-lines.js';
import { tableLines } from '../dump/table-lines.js';
import { type KeyForm, parseKey } from '../key-text.js';

export interface DumpOptions {
  readonly keys: KeyForm;
  readonly limit?: number;
  readonly from?: string;
}

export async function dump(path: string, options: DumpOptions, context: CommandContext): Promise<void> {
  const fileSystem = new NodeFileSystem();
  const file = identifyFile(fileSystem, resolve(path));
  const lines = linesOf(fileSystem, file, options);
  const { name, kind, fileNumber, sizeBytes } = file;
  await print(context, {
    text: context.output.heading(`${name}: ${kind}, ${sizeBytes} bytes`),
    data: { item: 'file', name, kind, number: fileNumber, sizeBytes },
  });
  let left = options.limit ?? Infinity;
  for (const line of lines) {
    if (line.isEntry === true && left-- === 0) {
      await print(context, { text: `… the rest is not shown (--limit ${options.limit})`, data: { item: 'limit' } });
      break;
    }
    await print(context, line);
  }
}

function linesOf(fileSystem: FileSystem, file: DumpedFile, { keys, from }: DumpOptions): Generator<DumpLine> {
  if (from !== undefined && file.kind !== 'table') {
    throw new InvalidArgumentError(
      `--from is for tables, whose entries are in the order of their keys; found ${file.kind}`,
      {
        facts: { path: file.path, kind: file.kind },
      },
    );
  }
  switch (file.kind) {
    case 'table':
      return tableLines(fileSystem, file, { keys, from: from === undefined ? undefined : parseKey(from, keys) });
    case 'log':
      return logLines(fileSystem, file, keys);
    case 'value':
      return valueLines(fileSystem, file);
    case 'manifest':
      return manifestLines(fileSystem, file, keys);
    case 'current':
      return currentLines(fileSystem, file);
    case 'backup':
      return backupLines(fileSystem, file);
    case 'lock':
      return lockLines(fileSystem, file);
  }
}

async function print({ output, json, problem }: CommandContext, { text, data, error }: DumpLine): Promise<void> {
  if (json) await output.json(data);
  else await output.line(error === undefined ? text : output.alarm(text));
  if (error !== undefined) problem(error);
}
