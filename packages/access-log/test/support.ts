import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Environ } from '@highball/gateway-protocol';
import type { TestContext } from 'vitest';
import type { AccessRecord, Timers } from '../src/index.ts';

/** A request as a server would tell of it. */
export function recordOf(
  environ: Record<string, unknown> = {},
  rest: Partial<AccessRecord> = {},
): AccessRecord {
  return {
    environ: {
      REQUEST_METHOD: 'GET',
      SCRIPT_NAME: '',
      PATH_INFO: '/a b',
      QUERY_STRING: 'x=1&y=2',
      RAW_URI: '/a%20b?x=1&y=2',
      SERVER_NAME: 'server.example',
      SERVER_PORT: '8080',
      SERVER_PROTOCOL: 'HTTP/1.1',
      REMOTE_ADDR: '203.0.113.7',
      REMOTE_PORT: '4711',
      'wsgi.url_scheme': 'https',
      HTTP_HOST: 'WWW.Example.com:8443',
      HTTP_USER_AGENT: 'probe/1.0',
      HTTP_REFERER: 'https://example.org/',
      HTTP_COOKIE: 'a=1; session=abc',
      ...environ,
    } as unknown as Environ,
    status: '200 OK',
    bodyBytes: 1234,
    durationMs: 1234.5678,
    complete: true,
    headers: [
      ['Content-Type', 'text/html'],
      ['Set-Cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ],
    ...rest,
  };
}

/** Timers that a test runs by hand. */
export class ManualTimers implements Timers {
  #now = 0;
  #waiting: { at: number; callback: () => void }[] = [];

  after(ms: number, callback: () => void): () => void {
    const entry = { at: this.#now + ms, callback };
    this.#waiting.push(entry);
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== entry);
    };
  }

  advance(ms: number): void {
    this.#now += ms;
    const due = this.#waiting.filter(({ at }) => at <= this.#now);
    this.#waiting = this.#waiting.filter(({ at }) => at > this.#now);
    for (const { callback } of due) callback();
  }
}

/** What a log tells of itself. */
export class Complaints {
  readonly errors: string[] = [];
  readonly warnings: { message: string; details?: object | undefined }[] = [];

  error(message: string): void {
    this.errors.push(message);
  }

  warn(message: string, details?: object): void {
    this.warnings.push({ message, details });
  }
}

/** Makes a named pipe in a folder; where there is no command for it, the test is skipped. */
export function makePipe(folder: string, context: TestContext): string {
  const path = join(folder, 'pipe');
  try {
    execFileSync('mkfifo', [path]);
  } catch {
    context.skip(true, 'needs mkfifo (coreutils)');
  }
  return path;
}
