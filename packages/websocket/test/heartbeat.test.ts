import { describe, expect, test } from 'vitest';
import { Heartbeat, type Patient } from '../src/heartbeat.ts';
import { type Closure, webSocket } from '../src/index.ts';
import { gate, PING, PONG, serve, TestClock } from './support.ts';

class TestPatient implements Patient {
  receivedBytes: number | undefined = 0;
  takenBytes: number | undefined = 0;
  unsentBytes = 0;
  deaf = false;
  readonly pings: Buffer[] = [];
  readonly ends: string[] = [];

  ping(payload: Buffer): void {
    this.pings.push(payload);
  }

  onLifeless(code: string): void {
    this.ends.push(code);
  }
}

function start(
  intervalMs = 20,
  timeoutMs = 10,
): { clock: TestClock; patient: TestPatient; heartbeat: Heartbeat } {
  const clock = new TestClock();
  const patient = new TestPatient();
  const heartbeat = new Heartbeat(clock, intervalMs, timeoutMs, patient);
  heartbeat.start();
  return { clock, patient, heartbeat };
}

describe('a heartbeat', () => {
  test('pings at its interval, each time with something else', () => {
    const { clock, patient, heartbeat } = start();
    for (const at of [20, 20, 20]) {
      clock.advance(at);
      heartbeat.onPong(patient.pings.at(-1) as Buffer);
    }
    expect(patient.pings.map((ping) => ping.readUInt32BE())).toEqual([1, 2, 3]);
    expect(patient.ends).toEqual([]);
  });

  test('without an answer in time tells of a silent peer, once', () => {
    const { clock, patient } = start();
    clock.advance(29);
    expect(patient.ends).toEqual([]);
    clock.advance(100);
    expect(patient.ends).toEqual(['PONG_TIMEOUT']);
    expect(clock.pending).toBe(0);
  });

  test('takes no pong that was sent in advance', () => {
    const { clock, patient, heartbeat } = start();
    clock.advance(20);
    heartbeat.onPong(Buffer.from([0, 0, 0, 2]));
    heartbeat.onPong(Buffer.alloc(0));
    clock.advance(10);
    expect(patient.ends).toEqual(['PONG_TIMEOUT']);
  });

  test('takes other bytes for a sign of life: the pong may stand behind a long message', () => {
    const { clock, patient } = start();
    clock.advance(20);
    patient.receivedBytes = 1;
    clock.advance(10);
    expect(patient.ends).toEqual([]);
  });

  test('does not take silence ill that is our own doing', () => {
    const { clock, patient } = start();
    patient.deaf = true;
    clock.advance(30);
    expect(patient.ends).toEqual([]);
    patient.deaf = false;
    clock.advance(30);
    expect(patient.ends).toEqual(['PONG_TIMEOUT']);
  });

  test('tells of a peer that sends, and takes nothing', () => {
    const { clock, patient } = start();
    patient.unsentBytes = 10;
    clock.advance(20);
    patient.receivedBytes = 1;
    clock.advance(10);
    expect(patient.ends).toEqual(['WRITE_TIMEOUT']);
  });

  test('bears with a peer that takes slowly', () => {
    const { clock, patient, heartbeat } = start();
    patient.unsentBytes = 10;
    clock.advance(20);
    patient.takenBytes = 1;
    heartbeat.onPong(patient.pings[0] as Buffer);
    clock.advance(10);
    expect(patient.ends).toEqual([]);
  });

  test('stops, and leaves no timer behind', () => {
    const { clock, heartbeat } = start();
    heartbeat.stop();
    expect(clock.pending).toBe(0);
  });

  test('of Infinity sets no timer', () => {
    expect(start(Infinity).clock.pending).toBe(0);
  });
});

describe('a connection', () => {
  test('is kept while the client answers pings, and cut off when it does not', async () => {
    const clock = new TestClock();
    const closure = gate<Closure>();
    const app = webSocket(
      async (connection) => {
        connection.ignoreMessages();
        closure.open(await connection.closed);
      },
      { clock, pingIntervalMs: 1000, pongTimeoutMs: 500 },
    );
    await using server = await serve(app);
    const raw = await server.openRaw();
    clock.advance(1000);
    const [ping] = await raw.until(1);
    expect(ping?.opcode).toBe(PING);
    raw.send(PONG, ping?.payload);
    // The pong has come when the echo of what was sent behind it is here.
    raw.send(PING, 'echo');
    await raw.until(2);
    clock.advance(1000);
    await raw.until(3);
    clock.advance(500);
    expect(await closure.promise).toMatchObject({ code: 1006, error: { code: 'PONG_TIMEOUT' } });
    await raw.client.closed;
    expect(clock.pending).toBe(0);
  });

  test('is cut off when the client takes nothing for too long', async () => {
    const clock = new TestClock();
    const closure = gate<Closure>();
    const app = webSocket(
      async (connection) => {
        connection.ignoreMessages();
        void connection.send(Buffer.alloc(30_000_000));
        closure.open(await connection.closed);
      },
      { clock, pingIntervalMs: 1000, pongTimeoutMs: 500 },
    );
    await using server = await serve(app);
    const client = await server.open();
    client.pause();
    // Until the buffers of the kernel are full.
    await new Promise((resolve) => setTimeout(resolve, 200));
    clock.advance(1500);
    expect(await closure.promise).toMatchObject({ code: 1006, error: { code: 'WRITE_TIMEOUT' } });
  });
});
