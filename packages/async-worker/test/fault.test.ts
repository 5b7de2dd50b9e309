import { RemoteProtocolError } from '@highball/http-parser';
import { expect, test } from 'vitest';
import { faultOf } from '../src/fault.ts';

test('a fault is 500 when only we can have made it', () => {
  expect(faultOf(new TypeError('x'))).toMatchObject({ status: 500, level: 'error' });
  const fault = faultOf(new RemoteProtocolError('INCOMPLETE_BODY', 'x'));
  expect(fault).toMatchObject({ status: 400, level: 'debug', reason: { code: 'CLIENT_GONE' } });
});
