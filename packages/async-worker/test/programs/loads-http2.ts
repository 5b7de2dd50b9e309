// Says how many parts of node:http2 are loaded after a request of HTTP/1.1, and after the preface of HTTP/2.
import { once } from 'node:events';
import { connect } from 'node:net';
import { createWorker } from '../../src/index.ts';

const { moduleLoadList } = process as unknown as { moduleLoadList: string[] };
const loaded = (): number => moduleLoadList.filter((name) => name.endsWith('internal/http2/core')).length;

const worker = createWorker((_environ, startResponse) => {
  startResponse('200 OK', []);
  return ['x'];
});
const { port } = await worker.listen({ port: 0 });
const seen: number[] = [];
for (const text of ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n']) {
  const socket = connect(port, '127.0.0.1');
  socket.write(text);
  await once(socket, 'data');
  seen.push(loaded());
  socket.destroy();
}
console.log(seen.join(' '));
await worker.close();
