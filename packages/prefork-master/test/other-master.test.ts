import { expect, test } from 'vitest';
import { MasterLine } from '../src/other-master.ts';
import { FakeClock, settle } from './support.ts';

/** Two lines whose messages arrive at each other, as JSON carries them, while the channel is open. */
function pair(answers: [(question: unknown) => unknown, (question: unknown) => unknown]) {
  const clock = new FakeClock();
  const channel = { open: true };
  const isOpen = (): boolean => channel.open;
  const lines: MasterLine[] = answers.map(
    (answer, index) =>
      new MasterLine(
        { isOpen, send: (message) => lines[1 - index]?.hear(JSON.parse(JSON.stringify(message))) },
        clock,
        answer,
      ),
  );
  const [older, newer] = lines as [MasterLine, MasterLine];
  return { clock, channel, older, newer };
}

test('each of two masters answers the other', async () => {
  const { older, newer } = pair([(question) => [question, 'older'], async (question) => [question, 'newer']]);
  expect(await older.ask(1, 100)).toEqual({ answer: [1, 'newer'] });
  expect(await newer.ask(2, 100)).toEqual({ answer: [2, 'older'] });
});

test('what the other one throws is why there is no answer', async () => {
  const { older } = pair([
    () => undefined,
    () => {
      throw new Error('not that');
    },
  ]);
  expect(await older.ask(1, 100)).toEqual({ problem: 'not that' });
});

test('an answer that never comes is not waited for beyond its time, nor beyond the end of the other one', async () => {
  const { clock, older } = pair([() => undefined, () => new Promise(() => undefined)]);
  const late = older.ask(1, 100);
  await clock.pass(100);
  expect(await late).toEqual({ problem: 'it has not answered within 100 ms' });
  const lost = older.ask(2, 100);
  older.close();
  expect(await lost).toEqual({ problem: 'it has ended' });
});

test('nothing is sent over a channel that is closed, also no answer that was under way', async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const { channel, clock, older, newer } = pair([() => undefined, () => promise]);
  const asked = older.ask(1, 100);
  channel.open = false;
  resolve('late');
  await settle();
  await clock.pass(100);
  expect(await asked).toMatchObject({ problem: expect.any(String) });
  expect(await newer.ask(2, 100)).toEqual({ problem: 'it cannot be asked' });
});

test('what is of another protocol is passed by', () => {
  const { older } = pair([() => expect.unreachable(), () => expect.unreachable()]);
  for (const message of [null, 'ask', { cmd: 'x' }, { prefork: 'ready' }]) older.hear(message);
});
