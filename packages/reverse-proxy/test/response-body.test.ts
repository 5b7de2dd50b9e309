import { expect, test } from 'vitest';
import { ResponseBodyStream } from '../src/response-body.ts';

const source = { pause: () => undefined, resume: () => undefined, abandon: () => undefined };

function failing(): ResponseBodyStream {
  const body = new ResponseBodyStream(source);
  body.onEnd = () => {
    throw new Error('a trailer that cannot be sent');
  };
  return body;
}

test('what fails at the end fails the body, for whoever waits for it', async () => {
  const body = failing();
  const waiting = body.next();
  body.end();
  await expect(waiting).rejects.toThrow('a trailer');
});

test('what fails at the end fails the body, for whoever asks later', async () => {
  const body = failing();
  body.push(Buffer.from('all'));
  body.end();
  expect(await body.next()).toMatchObject({ done: false });
  await expect(body.next()).rejects.toThrow('a trailer');
});

test('the end is told before it is over', async () => {
  const told: string[] = [];
  const body = new ResponseBodyStream(source);
  body.onEnd = () => void told.push('end');
  const waiting = body.next().then((result) => void told.push(String(result.done)));
  body.end();
  await waiting;
  expect(told).toEqual(['end', 'true']);
});
