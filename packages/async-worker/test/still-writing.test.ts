import { expect, test } from 'vitest';
import { StillWriting } from '../src/still-writing.ts';

interface State {
  headSent?: boolean;
  written?: number;
  sent?: boolean;
}

/** A connection; without `headSent` no request is under way. */
function connection({ headSent, written = 0, sent = true }: State) {
  const exchange = headSent === undefined ? undefined : { response: { headSent } };
  return { exchange, output: { written, sent } };
}

test('an answer that goes on is not silent, one that stands still is', () => {
  const writing = new StillWriting();
  const [moving, still] = [
    connection({ headSent: true, written: 10 }),
    connection({ headSent: true, written: 10 }),
  ];
  writing.silent([moving, still]);
  moving.output.written = 11;
  expect(writing.silent([moving, still])).toEqual([still]);
  expect(writing.silent([moving])).toEqual([moving]);
});

test('a request without an answer is silent, whatever was answered before it', () => {
  const writing = new StillWriting();
  const waiting = connection({ headSent: false, written: 10 });
  expect(writing.silent([waiting])).toEqual([waiting]);
});

test('what its client has yet to take is left to the write timeout, also when all was written', () => {
  const writing = new StillWriting();
  const slow = [
    connection({ headSent: true, written: 9, sent: false }),
    connection({ written: 9, sent: false }),
  ];
  writing.silent(slow);
  expect(writing.silent(slow)).toEqual([]);
});

test('a connection without a request has nothing to go on with', () => {
  const idle = connection({ written: 9 });
  expect(new StillWriting().silent([idle])).toEqual([idle]);
});
