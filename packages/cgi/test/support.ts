import { createWorker, type Worker } from '@highball/async-worker';
import type { Application, ErrorStream } from '@highball/gateway-protocol';
import { exchange, RawClient } from '@highball/testkit';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { mkdir } from 'node:fs/promises';
import type { Clock } from '../src/index.ts';

/** A folder of programs, gone at the end of its test. */
export class Scripts implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<Scripts> {
    return new Scripts(await mkdtemp(join(tmpdir(), 'highball-cgi-')));
  }

  /** Writes an executable shell script. @returns its path. */
  sh(name: string, ...lines: string[]): Promise<string> {
    return this.write(name, ['#!/bin/sh', ...lines].join('\n'));
  }

  async write(name: string, text: string, mode = 0o755): Promise<string> {
    const file = join(this.path, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `${text}\n`);
    await chmod(file, mode);
    return file;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

/** A clock that stands still until it is moved. */
export class TestClock implements Clock {
  #now = 0;
  readonly #timers = new Set<{ due: number; callback: () => void }>();

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { due: this.#now + ms, callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.size;
  }

  move(ms: number): void {
    this.#now += ms;
    for (const timer of Array.from(this.#timers)) {
      if (timer.due > this.#now) continue;
      this.#timers.delete(timer);
      timer.callback();
    }
  }
}

export class ErrorText implements ErrorStream {
  text = '';
  write(text: string): void {
    this.text += text;
  }
  writelines(lines: Iterable<string>): void {
    for (const line of lines) this.write(line);
  }
  flush(): void {
    // Nothing is held back.
  }
}

export interface TestServer extends AsyncDisposable {
  readonly port: number;
  readonly worker: Worker;
  /** What the programs, and the adapter, wrote to `wsgi.errors`. */
  readonly errors: ErrorText;
  /** What the worker logged. */
  readonly log: string[];
  connect(): Promise<RawClient>;
  /** Sends a request that closes its connection. @returns all that was answered. */
  ask(head: string, body?: string): Promise<string>;
}

/** Runs an application in a real worker on a port of its own. */
export async function serve(app: Application): Promise<TestServer> {
  const errors = new ErrorText();
  const log: string[] = [];
  const ignore = (): void => undefined;
  const worker = createWorker((environ, start) => app({ ...environ, 'wsgi.errors': errors }, start), {
    log: {
      error: (message, details) => {
        const { err } = (details ?? {}) as { err?: Error };
        log.push(`${message}: ${err?.message ?? ''}`);
      },
      warn: ignore,
      info: ignore,
      debug: ignore,
    },
  });
  const { port } = (await worker.listen({ port: 0 })) as { port: number };
  return {
    port,
    worker,
    errors,
    log,
    connect: () => RawClient.connect(port),
    ask: (head, body = '') => exchange(port, Buffer.from(request(head, body)), 15_000),
    [Symbol.asyncDispose]: () => worker.close(),
  };
}

/** A request: `GET /path` and further lines; Host, Connection and Content-Length are added. */
export function request(head: string, body = ''): string {
  const [line, ...fields] = head.split('\n');
  const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  return `${[`${line} HTTP/1.1`, 'Host: example.com', 'Connection: close', ...fields, ...length].join('\r\n')}\r\n\r\n${body}`;
}

export function statusOf(response: string): number {
  return Number(/^HTTP\/1\.1 (\d+) /.exec(response)?.[1]);
}

/** What stands behind the head, the chunks joined. */
export function bodyOf(response: string): string {
  const end = response.indexOf('\r\n\r\n');
  const body = response.slice(end + 4);
  if (!/transfer-encoding: chunked/i.test(response.slice(0, end))) return body;
  let text = '';
  for (let rest = body; ;) {
    const [line = ''] = rest.split('\r\n', 1);
    const size = Number.parseInt(line, 16);
    if (!size) return text;
    text += rest.slice(line.length + 2, line.length + 2 + size);
    rest = rest.slice(line.length + 4 + size);
  }
}

/** Waits until something is so; fails with the test's own time. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** Whether a process is there, and no zombie. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** What a script of the shell begins a text with. */
export const PLAIN: string = "printf 'Content-Type: text/plain\\n\\n'";
