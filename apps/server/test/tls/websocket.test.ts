import { makeCertificate, missingPeers } from '@highball/testkit';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { Site } from '../started.ts';

/** An application of the package websocket that says everything again. */
const ECHO = `
import { webSocket } from '${new URL('../../../../packages/websocket/src/index.ts', import.meta.url).href}';
export const app = webSocket(async (connection) => {
  for await (const message of connection) await connection.send('again ' + message);
});`;

async function say(port: number, path: string, ca: string, text: string): Promise<string> {
  const socket = new WebSocket(`wss://localhost:${port}${path}`, { ca, family: 4 });
  await once(socket, 'open');
  const heard = once(socket, 'message');
  socket.send(text);
  const [message] = await heard;
  socket.close();
  await once(socket, 'close');
  return String(message);
}

describe.skipIf(missingPeers('openssl') !== undefined)('a WebSocket over TLS (needs openssl)', () => {
  test('is served here, and passed on to a server that speaks plainly', async () => {
    const behind = createServer().listen(0, '127.0.0.1');
    await once(behind, 'listening');
    const sockets = new WebSocketServer({ server: behind });
    sockets.on('connection', (socket) =>
      socket.on('message', (data) => socket.send(`behind ${String(data)}`)),
    );
    const { port: upstream } = behind.address() as AddressInfo;
    await using site = await Site.make({
      'app.mjs': ECHO,
      'highball.config.mjs': `export default {
        certfile: 'site.cert.pem', keyfile: 'site.key.pem',
        upstreams: { behind: { servers: ['http://127.0.0.1:${upstream}'] } },
        routes: [{ path: '/behind', proxy: 'behind' }, { app: 'app.mjs' }],
      };`,
    });
    const { cert } = makeCertificate(site.path, 'site');
    const { port } = await site.runConfig();
    expect(await say(port, '/here', cert, 'hello')).toBe('again hello');
    expect(await say(port, '/behind', cert, 'hello')).toBe('behind hello');
    sockets.close();
    behind.close();
    behind.closeAllConnections();
  });
});
