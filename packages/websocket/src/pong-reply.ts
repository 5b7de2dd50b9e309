import type { WebSocket } from 'ws';

/**
 * Answers pings, one at a time: of those that come before the pong is on its way only the last is answered
 * (RFC 6455 §5.5.3). A flood of pings by a peer that reads nothing fills no memory.
 */
export class PongReply {
  readonly #ws: Pick<WebSocket, 'pong' | 'readyState' | 'OPEN'>;
  #underWay = false;
  #latest: Buffer | undefined;

  constructor(ws: Pick<WebSocket, 'pong' | 'readyState' | 'OPEN'>) {
    this.#ws = ws;
  }

  onPing(payload: Buffer): void {
    if (this.#underWay) this.#latest = payload;
    else this.#send(payload);
  }

  #send(payload: Buffer): void {
    if (this.#ws.readyState !== this.#ws.OPEN) return;
    this.#underWay = true;
    this.#ws.pong(payload, undefined, this.#onSent);
  }

  readonly #onSent = (): void => {
    const latest = this.#latest;
    this.#latest = undefined;
    this.#underWay = false;
    if (latest !== undefined) this.#send(latest);
  };
}
