import { EventEmitter } from 'node:events';
import zlib from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createCodec, type EncodingStream } from '../src/codec.ts';
import { Encoder, EncoderSlots } from '../src/encoder.ts';

/** A stream that calls back when it is told to; nothing comes out of it. */
class FakeStream extends EventEmitter {
  destroyed = false;
  callBack: ((error?: Error) => void) | undefined;

  write(_chunk: unknown, done: (error?: Error) => void): void {
    this.callBack = done;
  }

  read(): null {
    return null;
  }

  destroy(): void {
    this.destroyed = true;
  }
}

function fake(): { stream: FakeStream; encoder: Encoder } {
  const stream = new FakeStream();
  const createStream = (): EncodingStream => stream as never;
  return { stream, encoder: new Encoder({ createStream, finishKind: 4 }, true) };
}

const FAILED = { name: 'CompressionError', code: 'ENCODER_FAILED' };

test.each(['gzip', 'br', 'zstd'] as const)('%s of pieces and an end is one encoded whole', async (coding) => {
  const encoder = new Encoder(createCodec(coding, 3), true);
  const pieces = [
    await encoder.encode('one '),
    await encoder.encode(Buffer.from('two')),
    await encoder.finish(),
  ];
  encoder.destroy();
  const decode = { gzip: zlib.gunzipSync, br: zlib.brotliDecompressSync, zstd: zlib.zstdDecompressSync }[
    coding
  ];
  expect(decode(Buffer.concat(pieces)).toString()).toBe('one two');
});

test('what a stream has nothing for is nothing', async () => {
  const { stream, encoder } = fake();
  const encoded = encoder.encode('a');
  stream.callBack?.();
  expect(await encoded).toHaveLength(0);
});

describe('an encoder that fails', () => {
  test('rejects what it is at, with the cause', async () => {
    const { stream, encoder } = fake();
    const encoded = encoder.encode('a');
    const cause = new Error('out of memory');
    stream.emit('error', cause);
    await expect(encoded).rejects.toMatchObject({ ...FAILED, cause });
  });

  test('rejects what comes after', async () => {
    const { stream, encoder } = fake();
    stream.emit('error', new Error('out of memory'));
    await expect(encoder.encode('a')).rejects.toMatchObject(FAILED);
  });

  test('rejects by the callback too', async () => {
    const { stream, encoder } = fake();
    const encoded = encoder.encode('a');
    stream.callBack?.(new Error('no'));
    await expect(encoded).rejects.toMatchObject(FAILED);
  });
});

describe('an encoder that is destroyed', () => {
  test('ends what it is at with nothing, though the stream never calls back', async () => {
    const { stream, encoder } = fake();
    const encoded = encoder.encode('a');
    encoder.destroy();
    expect(stream.destroyed).toBe(true);
    expect(await encoded).toHaveLength(0);
  });

  test('ends with nothing what comes after, and asks the stream no more', async () => {
    const { stream, encoder } = fake();
    encoder.destroy();
    expect(await encoder.encode('a')).toHaveLength(0);
    expect(stream.callBack).toBeUndefined();
  });
});

test('a place that is given back twice is free once', () => {
  const slots = new EncoderSlots(2);
  const codec = createCodec('gzip', 1);
  const [first, second] = [slots.take(codec, false), slots.take(codec, false)];
  expect(slots.full).toBe(true);
  first.release();
  first.release();
  expect(slots.full).toBe(false);
  const third = slots.take(codec, false);
  expect(slots.full).toBe(true);
  second.release();
  third.release();
});
