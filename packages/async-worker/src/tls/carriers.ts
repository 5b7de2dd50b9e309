import type { Socket } from 'node:net';

const carriers = new WeakMap<Socket, Socket>();

/** Notes which connection an encrypted one runs over. */
export function setCarrier(secure: Socket, carrier: Socket): void {
  carriers.set(secure, carrier);
}

/** The connection of the kernel: the socket itself, or what it runs over. */
export function carrierOf(socket: Socket): Socket {
  return carriers.get(socket) ?? socket;
}
