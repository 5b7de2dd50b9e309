import type { Application } from '@highball/gateway-protocol';
import { expect, test } from 'vitest';
import { type FrozenBody, JoinedAnswers } from '../src/joined-answers.ts';
import { Output, type OutputSocket } from '../src/output.ts';
import { FakeSocket } from './fake-socket.ts';
import { bodyOf, last, serve } from './support.ts';

function frozen(text: string): FrozenBody {
  return Object.freeze([Buffer.from(text)] as const);
}

test('an answer that comes again is one buffer from then on', () => {
  const answers = new JoinedAnswers();
  const body = frozen('body');
  expect(answers.get('head ', body)).toBeUndefined();
  const joined = answers.get('head ', body);
  expect(String(joined)).toBe('head body');
  expect(answers.get('head ', body)).toBe(joined);
});

test('another head or another body makes another buffer, and leaves the one before as it was', () => {
  const answers = new JoinedAnswers();
  const body = frozen('body');
  const twice = (head: string, of: FrozenBody): Uint8Array | undefined => {
    expect(answers.get(head, of)).toBeUndefined();
    return answers.get(head, of);
  };
  const first = twice('12:00:00 ', body);
  const later = twice('12:00:01 ', body);
  const other = twice('12:00:01 ', frozen('BODY'));
  expect([first, later, other].map(String)).toEqual(['12:00:00 body', '12:00:01 body', '12:00:01 BODY']);
});

test('only so many are kept', () => {
  const answers = new JoinedAnswers();
  const bodies = Array.from({ length: 1000 }, (_, i) => frozen('x'.repeat(i)));
  for (const body of [...bodies, ...bodies]) answers.get('head', body);
  expect(bodies.filter((body) => answers.get('head', body) !== undefined).length).toBeLessThan(100);
});

test('nothing is copied for an answer that comes again, behind the others that wait', () => {
  const socket = new FakeSocket();
  const output = new Output(socket as unknown as OutputSocket);
  const body = frozen('body');
  const written: unknown[] = [];
  const texts: string[] = [];
  socket.write = (data: string | Uint8Array) => written.push(data) + texts.push(String(data)) > 0;
  for (let i = 0; i < 4; i++) output.chunk('head ', body[0], 4, '', body);
  output.hold();
  output.text('before ');
  output.chunk('head ', body[0], 4, '', body);
  output.release();
  expect(texts).toEqual([...Array.from({ length: 4 }, () => 'head body'), 'before head body']);
  expect(written[3]).toBe(written[2]);
});

test('a body that is not frozen may change its bytes from one answer to the next', async () => {
  const bytes = Buffer.from('0');
  const body = [bytes];
  const app: Application = (_environ, start) => {
    start('200 OK', []);
    bytes[0]!++;
    return body;
  };
  await using server = await serve(app);
  const answers: string[] = [];
  for (let i = 0; i < 4; i++) answers.push(bodyOf(await server.exchange(last('/'))));
  expect(answers).toEqual(['1', '2', '3', '4']);
});

test('one that is frozen is answered whole each time, also to HEAD, to HTTP/1.0 and in a pipeline', async () => {
  const body = frozen('all of it');
  const app: Application = (_environ, start) => {
    start('200 OK', []);
    return body;
  };
  await using server = await serve(app);
  for (let i = 0; i < 4; i++) {
    expect(bodyOf(await server.exchange(last('/')))).toBe('all of it');
    expect(await server.exchange(`HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)).toMatch(
      /\r\n\r\n$/,
    );
    expect(bodyOf(await server.exchange('GET / HTTP/1.0\r\n\r\n'))).toBe('all of it');
  }
  const two = await server.exchange(`GET / HTTP/1.1\r\nHost: a\r\n\r\n${last('/')}`);
  expect(two.split('all of it')).toHaveLength(3);
});
