import { describe, expect, test } from 'vitest';
import { devAddresses } from '../src/dev/bind-addresses.ts';

const addressesOf = (
  bind: string[] | undefined,
  env: Record<string, string> = {},
  iKnow = false,
): ReturnType<typeof devAddresses> => devAddresses({ bind, env, iKnow });

describe('devAddresses', () => {
  test('is port 8000 of the loopback by default, or the port that the platform gives', () => {
    expect(addressesOf(undefined)).toEqual([{ host: '127.0.0.1', port: 8000 }]);
    expect(addressesOf(undefined, { PORT: '3000' })).toEqual([{ host: '127.0.0.1', port: 3000 }]);
    expect(addressesOf(undefined, { PORT: '3000', HIGHBALL_BIND: '127.0.0.1:1, [::1]:2' })).toHaveLength(2);
    expect(addressesOf(['127.0.0.1:4000'], { PORT: '3000' })).toEqual([{ host: '127.0.0.1', port: 4000 }]);
  });

  test.each([
    '127.0.0.1:1',
    '127.255.0.9:1',
    '[::1]:1',
    'localhost:1',
    'LOCALHOST:1',
    '1',
    'unix:/run/x.sock',
  ])('takes %s, which only this machine reaches', (bind) => {
    expect(addressesOf([bind])).toHaveLength(1);
  });

  test.each([
    '0.0.0.0:1',
    ':1',
    '*:1',
    '[::]:1',
    '192.0.2.1:1',
    '[::2]:1',
    '128.0.0.1:1',
    'example.com:1',
    'localhost.example.com:1',
  ])('refuses %s unless the person knows', (bind) => {
    expect(() => addressesOf(['127.0.0.1:1', bind])).toThrow(`it does not listen on '${bind}'`);
    expect(addressesOf([bind], {}, true)).toHaveLength(1);
  });

  test('refuses a public address of the environment', () => {
    expect(() => addressesOf(undefined, { HIGHBALL_BIND: '0.0.0.0:80' })).toThrow('--i-know');
  });

  test('names the flag when an address is none', () => {
    expect(() => addressesOf(['nonsense:port'])).toThrow('--bind: ');
    expect(() => addressesOf(['fd://3'])).toThrow('is for highball serve');
  });
});
