import {
  type AddressTest,
  type ConnectionFacts,
  parseProxyHeader,
  type ProxyVersion,
} from '@highball/environ';
import type { Socket } from 'node:net';

/** A header of the PROXY protocol must have come within this time. */
const HEADER_TIMEOUT_MS = 5000;
/** No header is longer. */
const MAX_HEADER_BYTES = 4096;

/**
 * Reads the header that a proxy sends before the client's own bytes, and calls back with the client in the proxy's
 * place. A peer that may not send one, and a header that cannot be read, end the connection.
 */
export function readProxyHeader(
  socket: Socket,
  facts: ConnectionFacts,
  policy: { version: ProxyVersion; isAllowed: AddressTest },
  done: (facts: ConnectionFacts, rest: Buffer) => void,
): void {
  if (!policy.isAllowed(facts.remoteAddress)) {
    socket.destroy();
    return;
  }
  let bytes: Buffer = Buffer.alloc(0);
  const timer = setTimeout(() => socket.destroy(), HEADER_TIMEOUT_MS);
  const stop = (): void => {
    clearTimeout(timer);
    socket.off('data', receive).off('close', stop);
  };
  const receive = (chunk: Buffer): void => {
    bytes = Buffer.concat([bytes, chunk]);
    try {
      const header = parseProxyHeader(bytes, policy.version);
      if (header.state === 'need-more') {
        if (bytes.length > MAX_HEADER_BYTES) socket.destroy();
        return;
      }
      stop();
      const { source, destination } = header;
      const client = {
        ...facts,
        ...(source && { remoteAddress: source.address, remotePort: source.port, unix: false }),
        ...(destination && { localAddress: destination.address, localPort: destination.port }),
      };
      done(client, bytes.subarray(header.consumed));
    } catch {
      stop();
      socket.destroy();
    }
  };
  socket
    .on('data', receive)
    .on('close', stop)
    .on('error', () => undefined);
}
