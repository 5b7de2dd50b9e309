import fc from 'fast-check';
import { BlockList } from 'node:net';
import { describe, expect, test } from 'vitest';
import { compileAddresses } from '../src/index.ts';

describe('lists of addresses', () => {
  test.each([
    [['127.0.0.1'], '127.0.0.1', true],
    [['127.0.0.1'], '127.0.0.2', false],
    [['10.0.0.0/8'], '10.255.0.1', true],
    [['10.0.0.0/8'], '11.0.0.1', false],
    [['10.0.0.0/8'], '::ffff:10.0.0.1', true],
    [['0.0.0.0/0'], '8.8.8.8', true],
    [['0.0.0.0/0'], '::1', false],
    [['2001:db8::/32'], '2001:db8:1::1', true],
    [['2001:db8::/32'], '2001:db9::1', false],
    [['fe80::/10'], 'fe80::1%eth0', true],
    [['*'], 'anything', true],
    [['unix'], '', true],
    [['127.0.0.1'], '', false],
    [[], '127.0.0.1', false],
    [['127.0.0.1'], 'localhost', false],
  ])('%j has %s: %s', (entries, address, expected) => {
    const test = compileAddresses(entries);
    expect([test(address), test(address)]).toEqual([expected, expected]);
  });

  test.each(['localhost', '10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/-1', '', '1.2.3'])(
    '%j is refused by name',
    (entry) => {
      expect(() => compileAddresses([entry])).toThrow(`'${entry}' is no address or network`);
    },
  );

  test('networks hold what node:net says they hold', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.integer({ min: 0, max: 32 }), fc.ipV4(), (network, prefix, address) => {
        const list = new BlockList();
        list.addSubnet(network, prefix, 'ipv4');
        expect(compileAddresses([`${network}/${prefix}`])(address)).toBe(list.check(address, 'ipv4'));
      }),
    );
  });

  test('a scan with a million addresses does not fill the memory of verdicts', () => {
    const trusted = compileAddresses(['10.0.0.0/8']);
    for (let i = 0; i < 5000; i++) trusted(`192.0.${i >> 8}.${i & 255}`);
    expect(trusted('10.1.2.3')).toBe(true);
  });
});
