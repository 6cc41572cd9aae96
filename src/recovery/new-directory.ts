/**
 * A directory that is filled step by step and means something only once its last file is there. Whatever happens before
 * that, power loss included, leaves no file by that last name; `abandon` takes back what was put in.
 */

import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { InvalidArgumentError, IoError } from '../base/index.js';
import { type AtomicFileNames, createDurableDirectory, type File, type FileSystem, replaceFile } from '../vfs/index.js';
import { type ContentDigest, digestContent } from './content-checksum.js';

export class NewDirectory {
  readonly path: string;
  readonly #fileSystem: FileSystem;
  readonly #created: string[] = [];

  /** Throws `InvalidArgumentError` unless `path` is absent or an empty directory. */
  constructor(fileSystem: FileSystem, path: string) {
    this.path = path;
    this.#fileSystem = fileSystem;
    if (fileSystem.exists(path)) {
      if (fileSystem.stat(path).kind !== 'directory') throw occupied(path, 'a file');
      const [first] = fileSystem.list(path);
      if (first !== undefined) throw occupied(path, first);
    }
    createDurableDirectory(fileSystem, path);
    // An empty one that was there already may not be durable itself.
    fileSystem.syncDirectory(dirname(path));
  }

  /** Gives an existing durable file a second name here. */
  link(source: string, name: string): void {
    this.#fileSystem.link(source, join(this.path, name));
    this.#created.push(name);
  }

  /** Creates a file with this content, durable apart from its name. */
  write(name: string, bytes: Uint8Array): ContentDigest {
    const file = this.#create(name);
    try {
      file.write(bytes, 0);
      file.syncNow();
      return digestContent(file);
    } finally {
      file.close();
    }
  }

  /** Copies a file from elsewhere, durable apart from its name. Returns the digest of what was read. */
  copy(source: string, name: string, sourceFileSystem: FileSystem = this.#fileSystem): ContentDigest {
    const from = sourceFileSystem.open(source, 'read');
    try {
      const to = this.#create(name);
      try {
        const digest = digestContent(from, to);
        to.syncNow();
        return digest;
      } finally {
        to.close();
      }
    } finally {
      from.close();
    }
  }

  /** Makes everything durable, then adds the file that gives it meaning, which is durable when this returns. */
  finish(names: AtomicFileNames, bytes: Uint8Array): void {
    this.#fileSystem.syncDirectory(this.path);
    this.#created.push(names.temporaryName, names.name);
    replaceFile(this.#fileSystem, this.path, names, bytes);
  }

  /** Removes the files again, the last first. The directory stays. */
  abandon(): void {
    for (const name of this.#created.reverse()) {
      try {
        this.#fileSystem.unlink(join(this.path, name));
      } catch (fault) {
        // Nothing was created by this name, or the fault that made us abandon goes on; either way the rest is tried.
        if (!(fault instanceof IoError)) throw fault;
      }
    }
    this.#created.length = 0;
  }

  #create(name: string): File {
    const file = this.#fileSystem.open(join(this.path, name), 'create');
    this.#created.push(name);
    return file;
  }
}

/** Throws `InvalidArgumentError` when `destination` is the database's own directory or lies in it. */
export function checkOutside(databaseDirectory: string, destination: string): void {
  const way = relative(resolve(databaseDirectory), resolve(destination));
  if (way === '..' || /^\.\.[/\\]/.test(way) || isAbsolute(way)) return;
  throw new InvalidArgumentError(`${destination} is inside the database that is to be copied, ${databaseDirectory}`, {
    facts: { path: destination, directory: databaseDirectory },
  });
}

function occupied(path: string, found: string): InvalidArgumentError {
  return new InvalidArgumentError(`${path} must not exist or be an empty directory, but holds ${found}`, {
    facts: { path, file: found, offset: 0, expected: 'nothing', found },
  });
}
