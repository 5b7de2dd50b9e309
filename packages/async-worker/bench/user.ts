import { once } from 'node:events';
import { connect } from 'node:net';

/** What a user has seen. */
export interface Latencies {
  /** Milliseconds from the connection's first packet to the whole answer, the quickest first. */
  readonly sorted: readonly number[];
  readonly failed: number;
}

const PAUSE_MS = 20;
const PATIENCE_MS = 5000;

/** Asks for a small page on a new connection, again and again, as a user does who is not known yet. */
export async function askRepeatedly(port: number, seconds: number): Promise<Latencies> {
  const latencies: number[] = [];
  let failed = 0;
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const start = performance.now();
    if (await ask(port)) latencies.push(performance.now() - start);
    else failed++;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return { sorted: latencies.toSorted((a, b) => a - b), failed };
}

async function ask(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.setTimeout(PATIENCE_MS, () => socket.destroy());
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
  socket.on('error', () => undefined);
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: user\r\nConnection: close\r\n\r\n');
  await once(socket, 'close');
  return answer.startsWith('HTTP/1.1 200') && answer.endsWith('Hello, World!');
}
