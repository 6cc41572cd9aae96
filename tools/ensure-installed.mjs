// Makes sure that node_modules holds what package-lock.json asks for, so that every npm script works straight after a
// clone. Runs on plain Node with nothing installed; says nothing and costs a few milliseconds when there is nothing to do.
//
//   node tools/ensure-installed.mjs [DIRECTORY]        DIRECTORY defaults to the repository root

import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { reasonToInstall } from './install-state.mjs';

/**
 * `npm ci`, through the npm that runs this script if there is one.
 *
 * @param {string} directory
 * @returns {number} exit code
 */
function install(directory) {
  const flags = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env['npm_execpath'];
  const viaNode = npm !== undefined && /\.c?js$/.test(npm);
  const command = viaNode ? process.execPath : 'npm';
  const args = viaNode ? [npm, ...flags] : flags;
  const shell = !viaNode && process.platform === 'win32';
  return spawnSync(command, args, { cwd: directory, stdio: ['ignore', 'inherit', 'inherit'], shell }).status ?? 1;
}

const directory = resolve(import.meta.dirname, '..', process.argv[2] ?? '.');
const reason = reasonToInstall(directory);
if (reason !== undefined) {
  process.stderr.write(`Installing dependencies in ${directory} (${reason}) …\n`);
  process.exitCode = install(directory);
}
