import { expect, test } from 'vitest';
import { ConnectionLimits } from '../src/connection-limits.ts';

const refused = (code: string): unknown => expect.objectContaining({ code });

test('each client has its own share, and all together have theirs', () => {
  const limits = new ConnectionLimits(3, 2);
  limits.take('192.0.2.1');
  limits.take('192.0.2.1');
  expect(() => limits.take('192.0.2.1')).toThrow(refused('TOO_MANY_OF_CLIENT'));
  limits.take('192.0.2.2');
  expect(() => limits.take('192.0.2.3')).toThrow(refused('TOO_MANY'));
});

test('a place is given back once, however often that is said', () => {
  const limits = new ConnectionLimits(2, 2);
  const giveBack = limits.take('192.0.2.1');
  limits.take('192.0.2.1');
  giveBack();
  giveBack();
  limits.take('192.0.2.1');
  expect(() => limits.take('192.0.2.1')).toThrow(refused('TOO_MANY_OF_CLIENT'));
});

test('the addresses of one IPv6 network of /64 are one client', () => {
  const limits = new ConnectionLimits(10, 1);
  limits.take('2001:db8:0:1::1');
  expect(() => limits.take('2001:db8:0:1:ffff::2')).toThrow(refused('TOO_MANY_OF_CLIENT'));
  limits.take('2001:db8:0:2::1');
});
