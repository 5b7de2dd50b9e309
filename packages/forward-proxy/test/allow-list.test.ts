import { describe, expect, test } from 'vitest';
import { parseAddress } from '@highball/ip-networks';
import { AllowList } from '../src/allow-list.ts';
import { ForwardProxyConfigError } from '../src/errors.ts';

const PUBLIC = '93.184.216.34';

function permits(rules: string[], host: string, port = 443, address = PUBLIC, form = 'connect'): boolean {
  const wanted = { form: form as 'connect' | 'absolute', host, port };
  const list = new AllowList(rules);
  return list.mayPermit(wanted) && list.permits(wanted, parseAddress(address)!);
}

describe('names', () => {
  test.each([
    ['example.com', 'example.com', true],
    ['EXAMPLE.com.', 'example.com', true],
    ['example.com', 'www.example.com', false],
    ['example.com', 'example.com.evil.test', false],
    ['*.example.com', 'www.example.com', true],
    ['*.example.com', 'a.b.example.com', true],
    ['*.example.com', 'example.com', false],
    ['*.example.com', 'notexample.com', false],
    ['*', 'anything.test', true],
  ])('%s lists %s: %s', (rule, host, expected) => expect(permits([rule], host)).toBe(expected));

  test('nothing is listed by no rules', () => expect(permits([], 'example.com')).toBe(false));
});

describe('ports', () => {
  test.each([
    ['example.com', 'connect', 443, true],
    ['example.com', 'connect', 80, false],
    ['example.com', 'connect', 25, false],
    ['example.com', 'absolute', 80, true],
    ['example.com', 'absolute', 443, true],
    ['example.com', 'absolute', 8080, false],
    ['example.com:8443', 'connect', 8443, true],
    ['example.com:8443', 'connect', 443, false],
    ['example.com:80,8000-8999', 'connect', 8500, true],
    ['example.com:80,8000-8999', 'connect', 9000, false],
    ['example.com:*', 'connect', 22, true],
  ])('%s lists a %s to %i: %s', (rule, form, port, expected) => {
    expect(permits([rule], 'example.com', port, PUBLIC, form)).toBe(expected);
  });
});

describe('private addresses', () => {
  test.each([
    [['*:*'], '10.0.0.1', false],
    [['intranet.test:*'], '10.0.0.1', false],
    [['intranet.test:*', '10.0.0.0/8'], '10.0.0.1', true],
    [['10.0.0.0/8'], '10.0.0.1', true],
    [['10.0.0.0/8:80'], '10.0.0.1', false],
    [['*:*', '10.0.0.0/8'], '192.168.0.1', false],
    [['*:*'], '::ffff:127.0.0.1', false],
    [['127.0.0.1'], '::ffff:127.0.0.1', true],
    [['[fd00::/8]:443'], 'fd00::1', true],
    [['[::1]'], '::1', true],
  ])('%j lets a name be at %s: %s', (rules, address, expected) => {
    expect(permits(rules, 'intranet.test', 443, address)).toBe(expected);
  });

  test('an address in the target is held to the same rules', () => {
    expect(permits(['*:*'], '127.0.0.1', 443, '127.0.0.1')).toBe(false);
    expect(permits(['*:*'], PUBLIC)).toBe(true);
    expect(permits(['example.com'], PUBLIC)).toBe(false);
  });
});

test('a name is not even looked up when no rule could let it pass', () => {
  const wanted = { form: 'connect', host: 'evil.test', port: 443 } as const;
  expect(new AllowList(['example.com', '10.0.0.0/8:80']).mayPermit(wanted)).toBe(false);
  expect(new AllowList(['10.0.0.0/8']).mayPermit(wanted)).toBe(true);
});

test.each([
  '', ':443', 'http://example.com', 'example.com/', '10.0.0', '10.0.0.0/33', '10.0.0.1/8', 'exa mple', '*.', 'a.*.b',
  'example.com:0', 'example.com:65536', 'example.com:9-8', 'example.com:', 'example.com:a', 'fd00::/8', '[fd00::', 'user@host',
])('%j is no rule', (rule) => {
  expect(() => new AllowList([rule])).toThrow(ForwardProxyConfigError);
}); // prettier-ignore
