import type { ConnectionFacts, EnvironBuilder } from '@highball/environ';
import type { Environ, ErrorStream } from '@highball/gateway-protocol';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { NodeInput } from './node-input.ts';

/** A request as it may come: Express and connect tell what they have mounted. */
type MaybeMounted = IncomingMessage & { readonly baseUrl?: string };

/** Packs a node:http request into an environ. @throws EnvironError when none can be made of it. */
export function nodeEnviron(request: MaybeMounted, build: EnvironBuilder, errors: ErrorStream): Environ {
  const mount = request.baseUrl ?? '';
  const environ = build(
    {
      method: request.method ?? 'GET',
      target: mount + (request.url ?? '/'),
      minorVersion: request.httpVersionMinor,
      fields: request.rawHeaders,
    },
    connectionFacts(request.socket),
    new NodeInput(request),
    errors,
  );
  if (mount !== '') {
    environ.SCRIPT_NAME = percentDecode(mount);
    environ.PATH_INFO = environ.PATH_INFO.slice(environ.SCRIPT_NAME.length);
  }
  environ['highball.trailers'] = () => {
    const { rawTrailers } = request;
    return request.readableEnded
      ? rawTrailers.flatMap((name, i) => (i % 2 === 0 ? [[name, rawTrailers[i + 1] ?? '']] : []))
      : [];
  };
  return environ;
}

function connectionFacts(socket: Socket): ConnectionFacts {
  const { remoteAddress = '', remotePort = 0, localAddress = '', localPort = 0 } = socket;
  const encrypted = (socket as { encrypted?: boolean }).encrypted === true;
  return { remoteAddress, remotePort, localAddress, localPort, encrypted, unix: remoteAddress === '' };
}

/** To latin-1: one character a byte, as environ has its paths. */
function percentDecode(path: string): string {
  return path.replaceAll(/%([0-9a-f]{2})/gi, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}
