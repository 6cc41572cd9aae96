/** How the program ends, and the one line it says on stderr about every error. */

import { InvalidArgumentError, VarveError } from '../index.js';

export const ExitCode = {
  Ok: 0,
  /** Damage, a database in use, a failing device. */
  Problem: 1,
  /** The command cannot be run as it was given. */
  Usage: 2,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof InvalidArgumentError ? ExitCode.Usage : ExitCode.Problem;
}

/** `varve: CODE: message {facts}` in one line. */
export function errorLine(error: Error): string {
  if (!(error instanceof VarveError)) return `varve: ${error.name}: ${oneLine(error.message)}`;
  return `varve: ${error.code}: ${oneLine(error.message)} ${JSON.stringify(error.facts)}`;
}

export function usageLine(message: string): string {
  return `varve: usage: ${oneLine(message.replace(/^error: /, ''))}`;
}

function oneLine(text: string): string {
  return text.trim().replaceAll(/\s*\n\s*/g, ' ');
}
