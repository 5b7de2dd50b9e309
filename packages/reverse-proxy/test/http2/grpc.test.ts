import {
  Client,
  credentials,
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { startProxy } from '../support.ts';

const asBytes = (value: Buffer): Buffer => value;
const PATH = '/test.Echo/Say';

/** A gRPC server that takes a moment for each call, and counts them. */
async function startServer(): Promise<{ server: Server; url: string; calls: () => number }> {
  const server = new Server();
  let calls = 0;
  const say = {
    path: PATH,
    requestStream: false,
    responseStream: false,
    requestSerialize: asBytes,
    requestDeserialize: asBytes,
    responseSerialize: asBytes,
    responseDeserialize: asBytes,
  };
  server.addService({ Say: say }, {
    Say: (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
      calls++;
      setTimeout(() => done(null, call.request), 5);
    },
  }); // prettier-ignore
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { server, url: `grpc://127.0.0.1:${port}`, calls: () => calls };
}

test('a gRPC server that ends in good order, by GOAWAY, loses no call', async () => {
  const [one, two] = [await startServer(), await startServer()];
  await using proxy = await startProxy([one.url, two.url]);
  const client = new Client(`127.0.0.1:${proxy.port}`, credentials.createInsecure(), {
    'grpc.enable_retries': 0,
  });
  const say = (word: string): Promise<string> =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(PATH, asBytes, asBytes, Buffer.from(word), (error, answer) =>
        error === null ? resolve(String(answer)) : reject(error),
      );
    });
  let ended: Promise<void> | undefined;
  const caller = async (name: number): Promise<void> => {
    for (let i = 0; i < 50; i++) {
      if (name === 0 && i === 10) {
        ended = new Promise((resolve) => one.server.tryShutdown(() => resolve()));
      }
      expect(await say(`${name}-${i}`)).toBe(`${name}-${i}`);
    }
  };
  await Promise.all([0, 1, 2, 3].map(caller));
  await ended;
  expect(one.calls()).toBeGreaterThan(10);
  expect(two.calls()).toBeGreaterThan(100);
  client.close();
  two.server.forceShutdown();
});
