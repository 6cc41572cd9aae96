/** Where the time goes, in a line. */

import type { ProfileLine } from '../measurement/measurement.js';

export function profileText(lines: readonly ProfileLine[]): string {
  const functions = lines.map((line) => `${line.function} ${(line.share * 100).toFixed(0)} %`);
  return `where the time goes (self time of the main thread): ${functions.join(', ')}`;
}
