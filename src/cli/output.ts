/**
 * What a command prints: lines on stdout, gathered into writes of some size and each waited for, so that a fast producer
 * before a slow reader stays in bounded memory. A line that cannot be written rejects with `IoError`; its errno is `EPIPE` when
 * the reader has gone (`varve dump … | head`).
 */

import { styleText } from 'node:util';
import { IoError } from '../base/index.js';

const WRITE_CHARACTERS = 32 * 1024;

export class Output {
  readonly #stream: NodeJS.WriteStream;
  readonly #styled: boolean;
  #pending = '';

  constructor(stream: NodeJS.WriteStream, environment: NodeJS.ProcessEnv) {
    this.#stream = stream;
    this.#styled = wantsStyle(stream, environment);
    // Every failed write reports itself to the line that caused it as well.
    stream.on('error', () => undefined);
  }

  async line(text: string): Promise<void> {
    this.#pending += `${text}\n`;
    if (this.#pending.length >= WRITE_CHARACTERS) await this.flush();
  }

  async json(value: unknown): Promise<void> {
    await this.line(JSON.stringify(value));
  }

  heading(text: string): string {
    return this.#styled ? styleText('bold', text) : text;
  }

  alarm(text: string): string {
    return this.#styled ? styleText('red', text) : text;
  }

  async flush(): Promise<void> {
    const text = this.#pending;
    if (text === '') return;
    this.#pending = '';
    await new Promise<void>((resolve, reject) => {
      this.#stream.write(text, (error) => {
        if (error instanceof Error) reject(writeFault(error));
        else resolve();
      });
    });
  }
}

function writeFault(cause: Error): IoError {
  const errno = 'code' in cause ? String(cause.code) : 'UNKNOWN';
  return new IoError({ operation: 'write', path: 'stdout', errno, cause });
}

/** https://no-color.org: any value but the empty one switches styles off, whatever else is set. */
function wantsStyle(stream: NodeJS.WriteStream, { NO_COLOR, FORCE_COLOR, TERM }: NodeJS.ProcessEnv): boolean {
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return stream.isTTY && TERM !== 'dumb';
}
