/**
 * Connects so many times to a port, sends a request on each connection, and says how many were answered.
 *
 *     node clients.ts PORT COUNT [reset]
 *
 * With `reset` it does not wait for the answers, but resets its connections.
 */
import { once } from 'node:events';
import { connect } from 'node:net';

const [port, count] = process.argv.slice(2, 4).map(Number) as [number, number];
const resets = process.argv[4] === 'reset';
console.log('ready');
await once(process.stdin, 'data');
process.stdin.destroy();
const answers = await Promise.all(Array.from({ length: count }, ask));
process.stdout.write(
  `${answers.filter(Boolean).length} answered, ${answers.filter((answer) => !answer).length} lost`,
);

async function ask(): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  if (resets) {
    await once(socket, 'connect');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n', () => socket.resetAndDestroy());
    return false;
  }
  socket.end('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  socket.on('error', () => undefined);
  await once(socket, 'close');
  return answer.startsWith('HTTP/1.1 200');
}
