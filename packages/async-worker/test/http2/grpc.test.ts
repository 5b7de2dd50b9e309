import {
  type Client,
  credentials,
  makeClientConstructor,
  type Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import type { Application, Environ } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { serve, type TestServer, until } from '../support.ts';

/** A message as gRPC frames it: not compressed, its length, its bytes. */
function framed(message: Uint8Array): Uint8Array {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** The messages of a request, each as soon as it is there. */
async function* messagesOf(environ: Environ): AsyncGenerator<Buffer> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of environ['wsgi.input']) {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= 5 && bytes.length >= 5 + bytes.readUInt32BE(1)) {
      const end = 5 + bytes.readUInt32BE(1);
      yield bytes.subarray(5, end);
      bytes = bytes.subarray(end);
    }
  }
}

const cancelled: string[] = [];

/** A service that shouts, written by hand over the gateway protocol. */
const shouting: Application = (environ, start) => {
  const shout = (text: string): Uint8Array => framed(Buffer.from(text.toUpperCase()));
  const method = environ.PATH_INFO.split('/').at(-1)!;
  if (method === 'Fail') {
    // An answer of a head alone ("Trailers-Only").
    start('200 OK', [['Content-Type', 'application/grpc'], ['Grpc-Status', '5'], ['Grpc-Message', 'nobody']]); // prettier-ignore
    return [];
  }
  start('200 OK', [['Content-Type', 'application/grpc']]);
  environ['highball.send_head']?.();
  environ['highball.signal']?.().addEventListener('abort', () => cancelled.push(method));
  return (async function* body() {
    if (method === 'Gather') {
      const all: string[] = [];
      for await (const message of messagesOf(environ)) all.push(String(message));
      yield shout(all.join(' '));
    } else {
      for await (const message of messagesOf(environ)) {
        const times = method === 'Repeat' ? 3 : 1;
        for (let i = 0; i < times; i++) yield shout(String(message));
        if (method === 'Wait') await new Promise(() => undefined);
      }
    }
    environ['highball.send_trailers']?.([['Grpc-Status', '0'], ['X-Done', method]]); // prettier-ignore
  })();
};

const rpc = (name: string, requestStream: boolean, responseStream: boolean): object => ({
  path: `/test.Shout/${name}`,
  requestStream,
  responseStream,
  requestSerialize: (text: string) => Buffer.from(text),
  requestDeserialize: String,
  responseSerialize: (text: string) => Buffer.from(text),
  responseDeserialize: String,
});

const Shout = makeClientConstructor(
  {
    One: rpc('One', false, false),
    Fail: rpc('Fail', false, false),
    Repeat: rpc('Repeat', false, true),
    Gather: rpc('Gather', true, false),
    Talk: rpc('Talk', true, true),
    Wait: rpc('Wait', false, true),
  } as never,
  'Shout',
);

interface Call {
  on(event: string, listener: (value: never) => void): this;
  write(text: string): void;
  end(): void;
  cancel(): void;
}

type Callback = (error: ServiceError | null, text?: string) => void;
type ShoutClient = Client & {
  One(text: string, callback: Callback): Call;
  Fail(text: string, callback: Callback): Call;
  Repeat(text: string): Call;
  Gather(callback: Callback): Call;
  Talk(): Call;
  Wait(text: string): Call;
};

async function withClient(use: (client: ShoutClient, server: TestServer) => Promise<void>): Promise<void> {
  await using server = await serve(shouting);
  const client = new Shout(
    `127.0.0.1:${server.port}`,
    credentials.createInsecure(),
  ) as unknown as ShoutClient;
  try {
    await use(client, server);
  } finally {
    client.close();
  }
}

describe('a client of grpc-js', () => {
  test('asks once and is answered once', () =>
    withClient(async (client) => {
      const answer = await new Promise((resolve, reject) => {
        client.One('hello', (error, text) => (error ? reject(error) : resolve(text)));
      });
      expect(answer).toBe('HELLO');
    }));

  test('is told of an error by a head alone', () =>
    withClient(async (client) => {
      const error = await new Promise<ServiceError | null>((resolve) => client.Fail('x', resolve));
      expect(error).toMatchObject({ code: status.NOT_FOUND, details: 'nobody' });
    }));

  test('is sent a stream, and the trailers behind it', () =>
    withClient(async (client) => {
      const heard: string[] = [];
      const call = client.Repeat('ho');
      call.on('data', (text: string) => heard.push(text));
      const end = await new Promise<{ code: number; metadata: Metadata }>((resolve) =>
        call.on('status', resolve),
      );
      expect(heard).toEqual(['HO', 'HO', 'HO']);
      expect([end.code, end.metadata.get('x-done')]).toEqual([0, ['Repeat']]);
    }));

  test('sends a stream and is answered at its end', () =>
    withClient(async (client) => {
      const answer = await new Promise((resolve, reject) => {
        const call = client.Gather((error, text) => (error ? reject(error) : resolve(text)));
        for (const word of ['a', 'b', 'c']) call.write(word);
        call.end();
      });
      expect(answer).toBe('A B C');
    }));

  test('talks both ways at the same time: each message is answered before the next is sent', () =>
    withClient(async (client) => {
      const call = client.Talk();
      const heard: string[] = [];
      const over = new Promise((resolve) => call.on('status', resolve));
      call.on('data', (text: string) => {
        heard.push(text);
        if (heard.length < 20) call.write(`ping ${heard.length}`);
        else call.end();
      });
      call.write('ping 0');
      await over;
      expect(heard).toEqual(Array.from({ length: 20 }, (_, i) => `PING ${i}`));
    }));

  test('cancels, and the application is told', () =>
    withClient(async (client, server) => {
      cancelled.length = 0;
      const call = client.Wait('x');
      call.on('error', (error: ServiceError) => expect(error.code).toBe(status.CANCELLED));
      await new Promise((resolve) => call.on('data', resolve));
      call.cancel();
      await until(() => cancelled.includes('Wait') && server.worker.stats().active === 0);
    }));
});
