// Whether node_modules holds what package-lock.json asks for. Plain Node: this runs before anything is installed.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {{ version?: string, integrity?: string, optional?: boolean }} LockEntry */

/**
 * @param {string} lockFile
 * @returns {Record<string, LockEntry | undefined>} by path below the directory
 */
function packagesOf(lockFile) {
  const lock = /** @type {{ packages: Record<string, LockEntry | undefined> }} */ (
    JSON.parse(readFileSync(lockFile, 'utf8'))
  );
  return lock.packages;
}

/**
 * Why an installation is needed, or undefined when node_modules is fresh. npm leaves what it installed in
 * node_modules/.package-lock.json, written last, so an interrupted installation has none.
 *
 * @param {string} directory
 * @returns {string | undefined}
 */
export function reasonToInstall(directory) {
  const installedFile = join(directory, 'node_modules', '.package-lock.json');
  if (!existsSync(installedFile)) return 'nothing is installed yet';
  const wanted = packagesOf(join(directory, 'package-lock.json'));
  const installed = packagesOf(installedFile);
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '' || entry === undefined || isSame(entry, installed[path])) continue;
    // Optional packages for other platforms are in the lock file but rightly not on this disk.
    if (entry.optional === true && installed[path] === undefined) continue;
    return `${path} differs from package-lock.json`;
  }
  const extra = Object.keys(installed).find((path) => wanted[path] === undefined);
  return extra === undefined ? undefined : `${extra} is not in package-lock.json`;
}

/**
 * @param {LockEntry} wanted
 * @param {LockEntry | undefined} installed
 */
function isSame(wanted, installed) {
  return installed !== undefined && installed.version === wanted.version && installed.integrity === wanted.integrity;
}
