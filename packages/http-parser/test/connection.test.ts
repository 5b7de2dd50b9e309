import { describe, expect, test } from 'vitest';
import {
  Connection,
  type Event,
  LocalProtocolError,
  NEED_DATA,
  PAUSED,
  RemoteProtocolError,
} from '../src/index.ts';

const HOST = [['Host', 'a']] as const;
const GET: Event = { type: 'request', method: 'GET', target: '/', fields: HOST };
const OK: Event = { type: 'response', status: 200, reason: 'OK', fields: [['Content-Length', '2']] };
const END: Event = { type: 'end-of-message' };
const data = (text: string): Event => ({ type: 'data', data: Buffer.from(text) });

/** All events that are there, data as text. */
function events(connection: Connection): string[] {
  const heard: string[] = [];
  for (;;) {
    const event = connection.nextEvent();
    if (event === NEED_DATA || event === PAUSED) return [...heard, event];
    if (event.type === 'data') heard.push(`data ${Buffer.from(event.data).toString()}`);
    else if (event.type === 'request') heard.push(`request ${event.method} ${event.target}`);
    else if ('status' in event) heard.push(`${event.type} ${event.status}`);
    else heard.push(event.type);
  }
}

/** Says events to one connection and gives the bytes to the other. */
function tell(from: Connection, to: Connection, ...said: Event[]): void {
  for (const event of said) to.receiveData(from.send(event));
}

const pair = (): [client: Connection, server: Connection] => [
  new Connection('client'),
  new Connection('server'),
];

test('a whole cycle, and another one on the same connection', () => {
  const [client, server] = pair();
  for (let cycle = 0; cycle < 2; cycle++) {
    tell(client, server, GET, END);
    expect(events(server)).toEqual(['request GET /', 'end-of-message', PAUSED]);
    tell(server, client, OK, data('hi'), END);
    expect(events(client)).toEqual(['response 200', 'data hi', 'end-of-message', PAUSED]);
    expect(client.states).toEqual({ client: 'done', server: 'done' });
    expect(server.states).toEqual(client.states);
    client.startNextCycle();
    server.startNextCycle();
  }
});

test('bodies both ways: chunked, with trailers', () => {
  const [client, server] = pair();
  const post: Event = {
    type: 'request',
    method: 'POST',
    target: '/',
    fields: [...HOST, ['Transfer-Encoding', 'chunked']],
  };
  tell(client, server, post, data('one'), data(''), data('two'), {
    type: 'end-of-message',
    trailers: [['X', '1']],
  });
  const heard: Event[] = [];
  for (let event = server.nextEvent(); typeof event === 'object'; event = server.nextEvent())
    heard.push(event);
  expect(heard.at(-1)).toEqual({ type: 'end-of-message', trailers: [['X', '1']] });
  expect(heard.filter(({ type }) => type === 'data')).toHaveLength(2);
  const bytes = server.send({ type: 'response', status: 200, fields: [] }).toString();
  expect(bytes).toBe('HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n');
});

test('informational responses come before', () => {
  const [client, server] = pair();
  tell(client, server, GET, END);
  tell(
    server,
    client,
    { type: 'informational-response', status: 103, fields: [['Link', 'a']] },
    OK,
    data('hi'),
    END,
  );
  expect(events(client).slice(0, 2)).toEqual(['informational-response 103', 'response 200']);
});

test('HTTP/1.0 gets a body until the connection’s end', () => {
  const server = new Connection('server');
  server.receiveData(Buffer.from('GET / HTTP/1.0\r\n\r\n'));
  expect(server.send({ type: 'response', status: 200, fields: [] }).toString()).toBe(
    'HTTP/1.1 200 \r\nConnection: close\r\n\r\n',
  );
  server.send(data('hi'));
  server.send(END);
  expect(server.states.server).toBe('must-close');
  expect(() => server.startNextCycle()).toThrow(LocalProtocolError);
});

test('a pipelined request waits for the next cycle', () => {
  const server = new Connection('server');
  server.receiveData(Buffer.from('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n'));
  expect(events(server)).toEqual(['request GET /1', 'end-of-message', PAUSED]);
  for (const event of [OK, data('hi'), END]) server.send(event);
  server.startNextCycle();
  expect(events(server)).toEqual(['request GET /2', 'end-of-message', PAUSED]);
});

test('Connection: close of either side ends it', () => {
  const [client, server] = pair();
  tell(client, server, { ...GET, fields: [...HOST, ['Connection', 'close']] } as Event, END);
  tell(server, client, OK, data('hi'), END);
  expect(client.states).toEqual({ client: 'must-close', server: 'must-close' });
  client.send({ type: 'connection-closed' });
  expect(client.states.client).toBe('closed');
  client.receiveData(null);
  expect(events(client).at(-2)).toBe('connection-closed');
});

test('HEAD is answered without a body', () => {
  const [client, server] = pair();
  tell(client, server, { ...GET, method: 'HEAD' } as Event, END);
  server.send(OK);
  expect(() => server.send(data('hi'))).toThrow('more bytes than the head has promised');
});

test('a switch of protocols gives the bytes behind it away', () => {
  const client = new Connection('client');
  client.send({ ...GET, fields: [...HOST, ['Connection', 'upgrade'], ['Upgrade', 'x']] } as Event);
  client.send(END);
  client.receiveData(
    Buffer.from('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nraw'),
  );
  expect(events(client)).toEqual(['response 101', PAUSED]);
  expect(client.states).toEqual({ client: 'switched', server: 'switched' });
  expect(Buffer.from(client.trailingData()).toString()).toBe('raw');
});

describe('out of turn', () => {
  test.each<[string, (client: Connection, server: Connection) => unknown]>([
    ['data before a request', (client) => client.send(data('x'))],
    ['a request by the server', (_, server) => server.send(GET)],
    ['two requests', (client) => [client.send(GET), client.send(GET)]],
    ['data of a request without a body', (client) => [client.send(GET), client.send(data('x'))]],
    ['a response by the client', (client) => client.send(OK)],
    ['two responses', (client, server) => [tell(client, server, GET, END), server.send(OK), server.send(OK)]],
    [
      'an end before the whole body',
      (client, server) => [tell(client, server, GET, END), server.send(OK), server.send(END)],
    ],
    [
      'more than the body',
      (client, server) => [tell(client, server, GET, END), server.send(OK), server.send(data('xyz'))],
    ],
    [
      'trailers without chunks',
      (client) => [client.send(GET), client.send({ type: 'end-of-message', trailers: [['A', 'b']] })],
    ],
    [
      '200 as informational',
      (client, server) => [
        tell(client, server, GET, END),
        server.send({ ...OK, type: 'informational-response' } as Event),
      ],
    ],
    [
      '103 as final',
      (client, server) => [tell(client, server, GET, END), server.send({ ...OK, status: 103 } as Event)],
    ],
    ['a request without Host', (client) => client.send({ ...GET, fields: [] } as Event)],
    [
      'both lengths',
      (client) =>
        client.send({
          ...GET,
          fields: [...HOST, ['Content-Length', '1'], ['Transfer-Encoding', 'chunked']],
        } as Event),
    ],
    [
      'a split response',
      (client, server) => [
        tell(client, server, GET, END),
        server.send({ ...OK, fields: [['A', 'b\r\nC: d']] } as Event),
      ],
    ],
    ['the next cycle in the middle', (client) => [client.send(GET), client.startNextCycle()]],
  ])('%s', (_, act) => {
    expect(() => act(...pair())).toThrow(LocalProtocolError);
  });

  test('what was refused has changed nothing', () => {
    const [client] = pair();
    expect(() => client.send({ ...GET, target: '/ /' } as Event)).toThrow(LocalProtocolError);
    expect(client.states.client).toBe('idle');
    client.send(GET);
  });

  test('nonsense of the peer is its own fault; the server can still say so', () => {
    const server = new Connection('server');
    expect(() => server.receiveData(Buffer.from('nonsense\r\n'))).toThrow(RemoteProtocolError);
    expect(server.states.client).toBe('error');
    expect(server.send({ ...OK, status: 400 } as Event).toString()).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('an end inside a message is an error', () => {
    const server = new Connection('server');
    server.receiveData(Buffer.from('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell'));
    expect(() => server.receiveData(null)).toThrow(
      expect.objectContaining({ code: 'INCOMPLETE_BODY' }) as Error,
    );
  });
});
