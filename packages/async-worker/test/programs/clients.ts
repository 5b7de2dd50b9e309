/**
 * Connects so many times to a port, sends a request on each connection, and says how many were answered.
 *
 *     node clients.ts PORT COUNT
 */
import { once } from 'node:events';
import { connect } from 'node:net';

const [port, count] = process.argv.slice(2).map(Number) as [number, number];
console.log('ready');
await once(process.stdin, 'data');
process.stdin.destroy();
const answers = await Promise.all(Array.from({ length: count }, ask));
process.stdout.write(
  `${answers.filter(Boolean).length} answered, ${answers.filter((answer) => !answer).length} lost`,
);

async function ask(): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  socket.end('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  socket.on('error', () => undefined);
  await once(socket, 'close');
  return answer.startsWith('HTTP/1.1 200');
}
