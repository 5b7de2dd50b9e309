import { EventEmitter } from 'node:events';
import { expect, test, vi } from 'vitest';
import { StreamWriter } from '../../src/http2/stream-writer.ts';

test('trailers that Node refuses break the stream, not the process', () => {
  const close = vi.fn<(code: number) => void>();
  const stream = Object.assign(new EventEmitter(), {
    closed: false,
    respond: () => undefined,
    end: () => undefined,
    // As Node 22 does with what comes twice.
    sendTrailers: () => {
      throw new TypeError('Header field "date" must only have a single value');
    },
    close,
  });
  const writer = new StreamWriter(stream as never);
  const begun = { status: '200 OK', facts: { contentLength: -1 } };
  const response = { context: { serverFields: undefined }, headers: [] };
  writer.head(begun as never, { kind: 'chunked', addedLength: -1 } as never, -1, response as never);
  writer.end('chunked', [['Date', 'a'], ['Date', 'b']]); // prettier-ignore
  stream.emit('wantTrailers');
  expect(close).toHaveBeenCalledExactlyOnceWith(2);
});
