import type { Clock } from './clock.ts';

/** What a heartbeat sees of its connection. */
export interface Patient {
  /** Bytes that have come from the peer; undefined where that cannot be told. */
  readonly receivedBytes: number | undefined;
  /** Bytes that wait for the peer to take them. */
  readonly unsentBytes: number;
  /** Bytes that the peer has taken; undefined where that cannot be told. */
  readonly takenBytes: number | undefined;
  /** Whether nothing is read from the peer at the moment, so that its silence means nothing. */
  readonly deaf: boolean;
  ping(payload: Buffer): void;
  /** It gave no sign of life, or takes nothing. */
  onLifeless(code: 'PONG_TIMEOUT' | 'WRITE_TIMEOUT'): void;
}

/**
 * Asks a peer for signs of life (RFC 6455 §5.5.2). A pong counts when it carries what the ping did: nobody can
 * send it in advance. Other bytes count as well, since a pong may have to wait behind a long message; taking what
 * is sent is a duty of its own.
 */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #timeoutMs: number;
  readonly #patient: Patient;
  #cancel: (() => void) | undefined;
  #count = 0;
  #answered = true;
  #received: number | undefined;
  #taken: number | undefined;

  constructor(clock: Clock, intervalMs: number, timeoutMs: number, patient: Patient) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#timeoutMs = timeoutMs;
    this.#patient = patient;
  }

  start(): void {
    this.#wait(this.#intervalMs, () => this.#ping());
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  onPong(payload: Buffer): void {
    if (payload.length === 4 && payload.readUInt32BE() === this.#count) this.#answered = true;
  }

  #ping(): void {
    const payload = Buffer.allocUnsafe(4);
    this.#count = (this.#count + 1) >>> 0;
    payload.writeUInt32BE(this.#count);
    this.#answered = false;
    this.#received = this.#patient.receivedBytes;
    this.#taken = this.#patient.takenBytes;
    this.#patient.ping(payload);
    this.#wait(this.#timeoutMs, () => this.#check());
  }

  #check(): void {
    const { receivedBytes, takenBytes, unsentBytes, deaf } = this.#patient;
    const silent = !this.#answered && receivedBytes === this.#received;
    const stuck = unsentBytes > 0 && takenBytes !== undefined && takenBytes === this.#taken;
    if (stuck) this.#patient.onLifeless('WRITE_TIMEOUT');
    else if (silent && !deaf) this.#patient.onLifeless('PONG_TIMEOUT');
    else this.#wait(Math.max(this.#intervalMs - this.#timeoutMs, 0), () => this.#ping());
  }

  #wait(ms: number, callback: () => void): void {
    // setTimeout would take Infinity for a millisecond.
    this.#cancel = ms === Number.POSITIVE_INFINITY ? undefined : this.#clock.after(ms, callback);
  }
}
