import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { ProbeFields, Step } from './probe.ts';

/** A request as the origin got it; names of fields in lower case. */
export interface OriginRequest {
  readonly method: string;
  readonly fields: ReadonlyMap<string, string>;
}

/** An origin that answers, byte by byte, what the steps of probes say. */
export interface Origin {
  readonly port: number;
  /** What came for a probe. */
  requestsOf(id: string): readonly OriginRequest[];
  /** The step that the next request for a probe belongs to. */
  play(id: string, step: Step): void;
  close(): Promise<void>;
}

const NO_BODY = /^(?:204|304)/;

/** @param now - milliseconds since the epoch. */
export async function startOrigin(now: () => number): Promise<Origin> {
  const requests = new Map<string, OriginRequest[]>();
  const steps = new Map<string, Step>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true).on('error', () => undefined);
    let received = '';
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
      for (;;) {
        const end = received.indexOf('\r\n\r\n');
        if (end === -1) return;
        const length = Number(/\r\ncontent-length: *(\d+)/i.exec(received.slice(0, end))?.[1] ?? 0);
        if (received.length < end + 4 + length) return;
        answer(socket, received.slice(0, end));
        received = received.slice(end + 4 + length);
      }
    });
  });
  function answer(socket: Socket, head: string): void {
    const [line = '', ...lines] = head.split('\r\n');
    const [method = '', target = ''] = line.split(' ');
    const id = /^\/([^/?]+)/.exec(target)?.[1] ?? '';
    const fields = new Map(
      lines.map((text) => [
        text.slice(0, text.indexOf(':')).toLowerCase(),
        text.slice(text.indexOf(':') + 1).trim(),
      ]),
    );
    const seen = requests.get(id) ?? [];
    requests.set(id, seen);
    seen.push({ method, fields });
    const step = steps.get(id);
    if (step === undefined || step.hangUp) socket.destroy();
    else socket.write(serialize(step, `http://${fields.get('host')}/${id}`, seen.length, now()), 'latin1');
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    requestsOf: (id) => requests.get(id) ?? [],
    play: (id, step) => void steps.set(id, step),
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function serialize(step: Step, self: string, count: number, now: number): string {
  const status = step.status ?? '200 OK';
  const text = NO_BODY.test(status) ? '' : (step.text ?? `text ${count}`);
  let head = `HTTP/1.1 ${status}\r\nOrigin-Count: ${count}\r\n`;
  for (const [name, value] of datedFields(step.fields ?? [], now))
    head += `${name}: ${value.replace('SELF', self)}\r\n`;
  if (!/^content-(?:length|type):/im.test(head)) head += 'Content-Type: text/plain\r\n';
  if (!/^content-length:/im.test(head) && !NO_BODY.test(status)) head += `Content-Length: ${text.length}\r\n`;
  return `${head}\r\n${text}`;
}

/** Fields with their dates written out. */
export function datedFields(fields: ProbeFields, now: number): [string, string][] {
  return fields.map(([name, value]) => [
    name,
    typeof value === 'number' ? new Date(now + value * 1000).toUTCString() : value,
  ]);
}
