import { EventEmitter } from 'node:events';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { findPredecessor, isReadyMessage, Predecessor, READY_MESSAGE } from '../src/handover.ts';
import { loopback } from './support.ts';

class FakeProcess extends EventEmitter {
  connected = true;
  readonly sent: unknown[] = [];
  unrefs = 0;
  readonly channel = { unref: (): void => void this.unrefs++ };

  send = (message: object): boolean => this.sent.push(message) > 0;

  disconnect = (): void => {
    this.connected = false;
    this.emit('disconnect');
  };
}

function harness(keys: readonly string[], fd = -1) {
  const channel = new FakeProcess();
  const socket = { key: 'x#0', fd, address: loopback };
  const pools = Object.fromEntries(keys.map((key) => [key, fd === -1 ? [] : [socket]]));
  return { channel, predecessor: new Predecessor({ masterPid: 7, pools, launcherSockets: [] }, channel) };
}

test('the older master is told when all of its pools are in service here, once', () => {
  const { channel, predecessor } = harness(['a#0', 'b#0']);
  predecessor.poolReady('b#0');
  predecessor.poolReady('new#0');
  expect(channel.sent).toEqual([]);
  predecessor.poolReady('a#0');
  predecessor.poolReady('a#0');
  predecessor.ready();
  expect(channel.sent).toEqual([READY_MESSAGE]);
  expect(isReadyMessage(channel.sent[0])).toBe(true);
  expect(isReadyMessage('ready')).toBe(false);
});

test('sockets that nobody has taken by then are closed', () => {
  const fd = openSync('/dev/null', 'r');
  const { predecessor } = harness(['a#0'], fd);
  expect(predecessor.socketsOf('a#0')).toHaveLength(1);
  predecessor.ready();
  expect(predecessor.socketsOf('a#0')).toEqual([]);
  expect(() => fstatSync(fd)).toThrow('EBADF');
  expect(() => closeSync(fd)).toThrow('EBADF');
});

test('its end is noticed, and does not keep this process alive', () => {
  const { channel, predecessor } = harness([]);
  let gone = 0;
  predecessor.onGone(() => gone++);
  expect(channel.unrefs).toBe(2);
  expect(predecessor.isAlive).toBe(true);
  channel.disconnect();
  expect([gone, predecessor.isAlive]).toEqual([1, false]);
  predecessor.onGone(() => gone++);
  expect(gone).toBe(2);
  predecessor.ready();
  expect(channel.sent).toEqual([]);
});

test('a process that no master has started has no predecessor', () => {
  expect(findPredecessor()).toBeUndefined();
});
