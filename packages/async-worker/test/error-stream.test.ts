import { describe, expect, test } from 'vitest';
import { createErrorStream } from '../src/error-stream.ts';
import { TestLog } from './support.ts';

describe('wsgi.errors', () => {
  test('goes to the log a line at a time', () => {
    const log = new TestLog();
    const stream = createErrorStream(log);
    stream.write('one\ntw');
    stream.writelines(['o\n', 'three']);
    expect(log.entries.map(({ message }) => message)).toEqual(['one', 'two']);
    stream.flush();
    stream.flush();
    expect(log.entries.map(({ message }) => message)).toEqual(['one', 'two', 'three']);
  });

  test('keeps no text without an end', () => {
    const log = new TestLog();
    createErrorStream(log).write('x'.repeat(70_000));
    expect(log.entries).toHaveLength(1);
  });
});
