import type { Handler } from '@highball/router';
import { webSocket, type WebSocketConnection } from '@highball/websocket';
import { HttpError, queryOf } from './http.ts';
import type { Store } from './store.ts';

/** How often to look how many readers there are, in the processes of others too. */
const LOOK_MS = 1000;
/** How often to say that our own are still there; well within what the store takes for a sign of life. */
const LOOKS_PER_SIGN = 5;

/** Where every open page has a WebSocket, over which it is told how many readers there are. */
export function liveReaders(store: Store): Handler {
  const room = new ReadingRoom(store);
  const socket = webSocket(
    (connection, environ) => room.visit(connection, readerOf(queryOf(environ).get('reader'))),
    // What the page has to say is its name.
    { maxPayloadBytes: 1024 },
  );
  return (environ, startResponse) => {
    readerOf(queryOf(environ).get('reader'));
    return socket(environ, startResponse);
  };
}

function readerOf(name: string | null): string {
  if (name !== null && /^[\w-]{8,64}$/.test(name)) return name;
  throw new HttpError('400 Bad Request', 'A reader is 8 to 64 letters and digits.');
}

/** The readers whose pages this process holds, told of those of all processes. */
class ReadingRoom {
  readonly #store: Store;
  readonly #readers = new Map<WebSocketConnection, string>();
  #timer: NodeJS.Timeout | undefined;
  #looks = 0;
  #told = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Stays until the page is closed. */
  async visit(connection: WebSocketConnection, reader: string): Promise<void> {
    this.#readers.set(connection, reader);
    this.#store.noteReaders([reader]);
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS).unref();
    if (!this.#tellIfChanged()) this.#tell(connection);
    connection.ignoreMessages();
    await connection.closed;
    this.#readers.delete(connection);
    // Another tab may have been copied from it.
    if (![...this.#readers.values()].includes(reader)) this.#store.removeReader(reader);
    this.#tellIfChanged();
    if (this.#readers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    if (++this.#looks % LOOKS_PER_SIGN === 0) this.#store.noteReaders([...new Set(this.#readers.values())]);
    this.#tellIfChanged();
  }

  #tellIfChanged(): boolean {
    const count = this.#store.countReaders();
    if (count === this.#told) return false;
    this.#told = count;
    for (const connection of this.#readers.keys()) this.#tell(connection);
    return true;
  }

  /** Nobody waits for it: a page that is too slow is cut off, and comes back. */
  #tell(connection: WebSocketConnection): void {
    void connection.send(String(this.#told));
  }
}
