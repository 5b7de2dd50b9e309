import type { ResponseHead } from '@highball/http-parser';
import { expect, test, vi } from 'vitest';
import { FieldSorter } from '../src/field-sorter.ts';

function head(fields: readonly string[]): ResponseHead {
  return { status: 200, reason: '', minorVersion: 1, fields } as unknown as ResponseHead;
}

test('the very head of the answer before is sorted once, and cannot be changed through what was made of it', () => {
  const takeLoad = vi.fn<() => undefined>(() => undefined);
  const sorter = new FieldSorter();
  const same = head(['Content-Type', 'text/plain', 'Server', 'hidden', 'X-A', 'b']);
  const [first, second] = [1, 2].map(() => sorter.sort(same, { viaName: 'front', takeLoad }));
  expect(second).toBe(first);
  expect(takeLoad).toHaveBeenCalledOnce();
  expect(second).toMatchObject({
    status: '200 OK',
    fields: [['Content-Type', 'text/plain'], ['X-A', 'b'], ['Via', '1.1 front']],
  }); // prettier-ignore
  const pair = second?.fields[0] as string[];
  expect(() => (pair[1] = 'mine')).toThrow(TypeError);
});

test('another head is sorted anew, though it says the same', () => {
  const sorter = new FieldSorter();
  const options = { viaName: '', takeLoad: undefined };
  const first = sorter.sort(head(['X-A', 'b']), options);
  const second = sorter.sort(head(['X-A', 'c']), options);
  expect([first.fields, second.fields]).toEqual([[['X-A', 'b']], [['X-A', 'c']]]);
});
