import { once } from 'node:events';
import net from 'node:net';
import { type EventMessage, type FetchEvent, isEnd, MessageReader, writeMessage } from './peer-messages.ts';
import type { Tell } from './peer-server.ts';

/** Only these say for sure that nobody listens any more. */
const GONE: ReadonlySet<string | undefined> = new Set(['ECONNREFUSED', 'ENOENT']);

const LOST: FetchEvent = { kind: 'lost' };

/** A connection to another process, to be told what becomes of its fetches. */
export class PeerClient {
  readonly #socket: net.Socket;
  readonly #followed = new Map<number, Tell>();
  #serial = 0;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    const reader = new MessageReader<EventMessage>();
    socket.unref();
    socket.setEncoding('utf8');
    socket.on('error', () => undefined);
    socket.on('data', (text) => {
      try {
        for (const message of reader.push(String(text))) this.#tell(message);
      } catch {
        // It speaks another language: another version.
        socket.destroy();
      }
    });
    // The system closes it when its process ends, however that ends.
    socket.once('close', () => {
      for (const id of this.#followed.keys()) this.#tell({ id, event: LOST });
    });
  }

  /** @returns undefined when its process is gone. @throws the error of the system when that cannot be known. */
  static async connect(path: string): Promise<PeerClient | undefined> {
    const socket = net.connect(path);
    try {
      await once(socket, 'connect');
    } catch (error) {
      if (GONE.has((error as NodeJS.ErrnoException).code)) return undefined;
      throw error;
    }
    return new PeerClient(socket);
  }

  get dead(): boolean {
    return this.#socket.destroyed;
  }

  /** Has itself told of a fetch, up to its end. */
  follow(name: string, tell: Tell): void {
    const id = ++this.#serial;
    this.#followed.set(id, tell);
    if (this.dead) this.#tell({ id, event: LOST });
    else this.#socket.write(writeMessage({ id, follow: name }));
  }

  close(): void {
    this.#socket.destroy();
  }

  #tell({ id, event }: EventMessage): void {
    const tell = this.#followed.get(id);
    if (isEnd(event)) this.#followed.delete(id);
    tell?.(event);
  }
}
