import { describe, expect, test } from 'vitest';
import { Inbox } from '../src/inbox.ts';

/** An inbox for a thousand bytes, and what it has told of its fullness. */
function make(): { inbox: Inbox; told: boolean[] } {
  const told: boolean[] = [];
  return { inbox: new Inbox(1000, (full) => told.push(full)), told };
}

describe('an inbox', () => {
  test('hands out messages in their order, text as text and bytes as they came', () => {
    const { inbox } = make();
    const bytes = Buffer.from([1, 2]);
    inbox.push(Buffer.from('é'), false);
    inbox.push(bytes, true);
    expect(inbox.take()).toBe('é');
    expect(inbox.take()).toBe(bytes);
  });

  test('hands a message to who waits for it', async () => {
    const { inbox } = make();
    const message = inbox.take();
    inbox.push(Buffer.from('x'), false);
    expect(await message).toBe('x');
    expect(inbox.bytes).toBe(0);
  });

  test('tells once when it is full, and once when half of it is free', () => {
    const { inbox, told } = make();
    for (let i = 0; i < 5; i++) inbox.push(Buffer.alloc(272), true);
    expect(told).toEqual([true]);
    // 400 bytes each, with what they cost beside: 2000, 1600, 1200, 800, 400.
    for (let i = 0; i < 3; i++) inbox.take();
    expect(told).toEqual([true]);
    inbox.take();
    expect(told).toEqual([true, false]);
  });

  test('is filled by empty messages as well', () => {
    const { inbox, told } = make();
    for (let i = 0; i < 8; i++) inbox.push(Buffer.alloc(0), true);
    expect(told).toEqual([true]);
  });

  test('that ends hands out what is left, then nothing', async () => {
    const { inbox } = make();
    inbox.push(Buffer.from('x'), false);
    inbox.end();
    expect(inbox.take()).toBe('x');
    expect(inbox.take()).toBeUndefined();
  });

  test('that ends wakes up who waits', async () => {
    const { inbox } = make();
    const message = inbox.take();
    inbox.end();
    expect(await message).toBeUndefined();
  });

  test('that is discarded keeps nothing, and makes room', () => {
    const { inbox, told } = make();
    inbox.push(Buffer.alloc(2000), true);
    inbox.discard();
    inbox.push(Buffer.alloc(2000), true);
    expect(inbox.bytes).toBe(0);
    expect(inbox.take()).toBeUndefined();
    expect(told).toEqual([true, false]);
  });
});
