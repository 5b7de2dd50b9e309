import {
  Client,
  credentials,
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { once } from 'node:events';
import { highball, type Program } from '@highball/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const asBytes = (value: Buffer): Buffer => value;

const method = (
  name: string,
  requestStream: boolean,
  responseStream: boolean,
): MethodDefinition<Buffer, Buffer> => ({
  path: `/test.Echo/${name}`,
  requestStream,
  responseStream,
  requestSerialize: asBytes,
  requestDeserialize: asBytes,
  responseSerialize: asBytes,
  responseDeserialize: asBytes,
});
const service = {
  Say: method('Say', false, false),
  Count: method('Count', false, true),
  Sum: method('Sum', true, false),
  Chat: method('Chat', true, true),
  Fail: method('Fail', false, false),
  Hang: method('Hang', false, false),
};

/** A gRPC server, which counts its calls and those that were cancelled. */
class Echo {
  readonly server = new Server({ 'grpc.max_receive_message_length': -1 });
  readonly name: string;
  calls = 0;
  cancelled = 0;
  port = 0;

  constructor(name: string) {
    this.name = name;
    this.server.addService(service, {
      Say: (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
        this.calls++;
        const head = new Metadata();
        for (const value of call.metadata.get('token-bin')) head.add('token-bin', value);
        head.add('server', this.name);
        head.add('name', this.name);
        call.sendMetadata(head);
        const trailer = new Metadata();
        trailer.add('sum-bin', Buffer.from([0, 255, 128]));
        done(null, call.request, trailer);
      },
      Count: (call: ServerWritableStream<Buffer, Buffer>) => {
        for (let i = 0; i < Number(call.request); i++) call.write(Buffer.from(String(i)));
        call.end();
      },
      Sum: (call: ServerReadableStream<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
        let sum = 0;
        call.on('data', (bytes: Buffer) => (sum += Number(bytes)));
        call.on('end', () => done(null, Buffer.from(String(sum))));
      },
      Chat: (call: ServerDuplexStream<Buffer, Buffer>) => {
        call.on('data', (bytes: Buffer) => call.write(Buffer.from(`<${bytes}>`)));
        call.on('end', () => call.end());
        call.on('cancelled', () => this.cancelled++);
      },
      Fail: (_: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
        const metadata = new Metadata();
        metadata.add('detail-bin', Buffer.from([1, 2, 3]));
        done({ code: status.NOT_FOUND, details: 'no such thing: größer', metadata });
      },
      Hang: (call: ServerUnaryCall<Buffer, Buffer>) => {
        call.on('cancelled', () => this.cancelled++);
      },
    });
  }

  async start(port = 0): Promise<this> {
    this.port = await new Promise<number>((resolve, reject) => {
      this.server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    return this;
  }

  get address(): string {
    return `grpc://127.0.0.1:${this.port}`;
  }
}

/** A client with a connection of its own. */
class Caller extends Client {
  constructor(port: number) {
    super(`127.0.0.1:${port}`, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_receive_message_length': -1,
      'grpc.enable_retries': 0,
    });
  }

  call(
    name: keyof typeof service,
    body: Buffer | string,
    { metadata = new Metadata(), deadlineMs = 10_000 } = {},
  ): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.makeUnaryRequest(
        service[name].path, asBytes, asBytes, Buffer.from(body), metadata, { deadline: Date.now() + deadlineMs },
        (error, answer) => (error === null ? resolve(answer as Buffer) : reject(error)),
      ); // prettier-ignore
    });
  }
}

async function proxy(...upstreams: string[]): Promise<{ program: Program; port: number }> {
  const program = highball(['proxy', ...upstreams, '-w', '1', '-b', '127.0.0.1:0']);
  const [, port] = await program.until(/serves http:\/\/127\.0\.0\.1:(\d+)/);
  return { program, port: Number(port) };
}

describe('gRPC through highball proxy', () => {
  let echo: Echo;
  let program: Program;
  let caller: Caller;

  beforeAll(async () => {
    echo = await new Echo('one').start();
    const started = await proxy(echo.address);
    program = started.program;
    caller = new Caller(started.port);
  });
  afterAll(async () => {
    caller.close();
    await program[Symbol.asyncDispose]();
    echo.server.forceShutdown();
  });

  test('a unary call, with metadata in both ways', async () => {
    const metadata = new Metadata();
    metadata.add('token-bin', Buffer.from([0, 1, 254, 255]));
    const call = caller.makeUnaryRequest(
      service.Say.path,
      asBytes,
      asBytes,
      Buffer.from('hello'),
      metadata,
      (error, answer) => {
        call.emit('answer', error, answer);
      },
    );
    const heads = once(call, 'metadata');
    const ends = once(call, 'status');
    const [error, answer] = (await once(call, 'answer')) as [ServiceError | null, Buffer];
    expect(error).toBeNull();
    expect(String(answer)).toBe('hello');
    const [head] = (await heads) as [Metadata];
    expect(head.get('token-bin')).toEqual([Buffer.from([0, 1, 254, 255])]);
    expect(head.get('name')).toEqual(['one']);
    const [end] = (await ends) as [{ code: number; metadata: Metadata }];
    expect(end.code).toBe(status.OK);
    expect(end.metadata.get('sum-bin')).toEqual([Buffer.from([0, 255, 128])]);
  });

  test('messages of 4 MB', async () => {
    const body = Buffer.alloc(4 * 1024 * 1024, 'x');
    const answer = await caller.call('Say', body);
    expect(answer.equals(body)).toBe(true);
  });

  test('a stream of answers', async () => {
    const call = caller.makeServerStreamRequest(service.Count.path, asBytes, asBytes, Buffer.from('500'));
    const got: number[] = [];
    for await (const bytes of call) got.push(Number(bytes));
    expect(got).toEqual(Array.from({ length: 500 }, (_, i) => i));
  });

  test('a stream of requests', async () => {
    const sum = await new Promise<Buffer>((resolve, reject) => {
      const call = caller.makeClientStreamRequest(service.Sum.path, asBytes, asBytes, (error, answer) =>
        error === null ? resolve(answer as Buffer) : reject(error),
      );
      for (let i = 1; i <= 100; i++) call.write(Buffer.from(String(i)));
      call.end();
    });
    expect(String(sum)).toBe('5050');
  });

  test('both at the same time: each message arrives before the next is sent', async () => {
    const call = caller.makeBidiStreamRequest(service.Chat.path, asBytes, asBytes);
    for (let i = 0; i < 50; i++) {
      call.write(Buffer.from(String(i)));
      const [answer] = (await once(call, 'data')) as [Buffer];
      expect(String(answer)).toBe(`<${i}>`);
    }
    call.end();
    const [end] = (await once(call, 'status')) as [{ code: number }];
    expect(end.code).toBe(status.OK);
  });

  test('an error has its status, its words and its metadata', async () => {
    const error: ServiceError = await caller.call('Fail', '').catch((thrown) => thrown);
    expect(error.code).toBe(status.NOT_FOUND);
    expect(error.details).toBe('no such thing: größer');
    expect(error.metadata.get('detail-bin')).toEqual([Buffer.from([1, 2, 3])]);
  });

  test('a method that nobody has is UNIMPLEMENTED, as its server says', async () => {
    const error = await new Promise<ServiceError | null>((resolve) => {
      caller.makeUnaryRequest('/test.Echo/None', asBytes, asBytes, Buffer.from(''), resolve);
    });
    expect(error?.code).toBe(status.UNIMPLEMENTED);
  });

  test('a deadline that passes reaches the server', async () => {
    const before = echo.cancelled;
    const error: ServiceError = await caller.call('Hang', '', { deadlineMs: 1000 }).catch((thrown) => thrown);
    expect(error.code).toBe(status.DEADLINE_EXCEEDED);
    await expect.poll(() => echo.cancelled).toBe(before + 1);
  });

  test('a call that is cancelled within its stream reaches the server, and the next call is answered', async () => {
    const before = echo.cancelled;
    const call = caller.makeBidiStreamRequest(service.Chat.path, asBytes, asBytes);
    call.on('error', () => undefined);
    call.write(Buffer.from('x'));
    await once(call, 'data');
    call.cancel();
    await expect.poll(() => echo.cancelled).toBe(before + 1);
    expect(String(await caller.call('Say', 'again'))).toBe('again');
  });

  test('many calls at a time', async () => {
    const words = Array.from({ length: 200 }, (_, i) => `word ${i}`);
    const answers = await Promise.all(words.map((word) => caller.call('Say', word)));
    expect(answers.map(String)).toEqual(words);
  });
});

test('one of two gRPC servers ends: calls go to the other', async () => {
  const [one, two] = [await new Echo('one').start(), await new Echo('two').start()];
  const { program, port } = await proxy(one.address, two.address);
  const caller = new Caller(port);
  for (let i = 0; i < 8; i++) await caller.call('Say', 'x');
  expect([one.calls, two.calls]).toEqual([4, 4]);
  one.server.forceShutdown();
  for (let i = 0; i < 20; i++) expect(String(await caller.call('Say', `${i}`))).toBe(`${i}`);
  expect(two.calls).toBe(24);
  caller.close();
  await program[Symbol.asyncDispose]();
  two.server.forceShutdown();
});
