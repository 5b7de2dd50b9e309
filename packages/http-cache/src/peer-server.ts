import { once } from 'node:events';
import { rename } from 'node:fs/promises';
import net from 'node:net';
import type { PeerFolder } from './peer-folder.ts';
import { type FetchEvent, type FollowMessage, isEnd, MessageReader, writeMessage } from './peer-messages.ts';

/** Who follows is told events by this. */
export type Tell = (event: FetchEvent) => void;

/** Told who follows a fetch; returns what is to be called when it is gone. */
export type OnFollow = (name: string, tell: Tell) => () => void;

/** A peer that does not read what it is told is cut off beyond so many bytes. */
const MAX_UNREAD_BYTES = 4_194_304;

/** Listens for other processes that wait for what this one fetches. */
export class PeerServer {
  readonly #folder: PeerFolder;
  readonly #peer: string;
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();

  private constructor(folder: PeerFolder, peer: string, onFollow: OnFollow) {
    this.#folder = folder;
    this.#peer = peer;
    this.#server = net.createServer((socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      serve(socket, onFollow);
    });
    // Requests keep a process alive, not who may ask about them.
    this.#server.unref();
  }

  /** @throws the error of the system. */
  static async listen(folder: PeerFolder, peer: string, onFollow: OnFollow): Promise<PeerServer> {
    const server = new PeerServer(folder, peer, onFollow);
    server.#server.listen(folder.unreadyOf(peer));
    await once(server.#server, 'listening');
    await rename(folder.unreadyOf(peer), folder.socketOf(peer));
    return server;
  }

  close(): void {
    this.#folder.remove(this.#peer);
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

function serve(socket: net.Socket, onFollow: OnFollow): void {
  const reader = new MessageReader<FollowMessage>();
  const followed = new Map<number, () => void>();
  const follow = ({ id, follow: name }: FollowMessage): void => {
    let ended = false;
    const leave = onFollow(name, (event) => {
      ended ||= isEnd(event);
      if (ended) followed.delete(id);
      send(socket, writeMessage({ id, event }));
    });
    if (!ended) followed.set(id, leave);
  };
  socket.unref();
  socket.setEncoding('utf8');
  socket.on('error', () => undefined);
  socket.on('data', (text) => {
    try {
      for (const message of reader.push(String(text))) follow(message);
    } catch {
      // It speaks another language: another version.
      socket.destroy();
    }
  });
  socket.once('close', () => {
    for (const leave of followed.values()) leave();
  });
}

function send(socket: net.Socket, line: string): void {
  if (socket.destroyed) return;
  socket.write(line);
  if (socket.writableLength > MAX_UNREAD_BYTES) socket.destroy();
}
