import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';

/** A server under measurement, in a process of its own. */
export interface BenchServer {
  readonly port: number;
  /** CPU time that it has used up to now, all its threads together, in milliseconds; to a hundredth of a second. */
  cpuMs(): number;
  stop(): Promise<void>;
}

/** Starts `server.ts` with so many threads; 0: none. */
export async function startServer(
  threads: number,
  concurrency: number,
  iterations: number,
): Promise<BenchServer> {
  const args = [
    '-C',
    '@highball/source',
    `${import.meta.dirname}/server.ts`,
    String(threads),
    String(concurrency),
  ];
  const env = { ...process.env, HASH_ITERATIONS: String(iterations) };
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], env });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    port: Number(line.toString()),
    cpuMs: () => {
      // utime and stime, in hundredths of a second; the name before them may hold spaces (proc_pid_stat(5)).
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'latin1')
        .replace(/^.*\) /s, '')
        .split(' ');
      return (Number(fields[11]) + Number(fields[12])) * 10;
    },
    stop: async () => {
      child.kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

/** A client with one kept-alive connection. */
export class Client {
  readonly #socket: Socket;
  #answered: (() => void) | undefined;
  #text = '';

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1').setNoDelay(true);
    this.#socket.on('data', (bytes: Buffer) => {
      this.#text += bytes.toString('latin1');
      const [head, body] = this.#text.split('\r\n\r\n');
      const length = Number(/Content-Length: (\d+)/.exec(head ?? '')?.[1]);
      if (body === undefined || body.length < length) return;
      if (!this.#text.startsWith('HTTP/1.1 200')) throw new Error(this.#text);
      this.#text = '';
      this.#answered?.();
    });
  }

  /** @returns milliseconds to the whole answer. */
  async ask(path: string): Promise<number> {
    const start = performance.now();
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await new Promise<void>((resolve) => (this.#answered = resolve));
    return performance.now() - start;
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** The value below which this share of the values lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);
