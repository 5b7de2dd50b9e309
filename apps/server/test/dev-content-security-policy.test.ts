import { describe, expect, test } from 'vitest';
import { allowScript } from '../src/dev/content-security-policy.ts';

const allowance = { source: 'http://localhost/dev/', makeNonce: () => 'made' };

function amended(...policies: string[]): { values: string[]; nonce: string | undefined } {
  const { headers, nonce } = allowScript(
    policies.map((policy) => ['content-security-policy', policy]),
    allowance,
  );
  return { values: headers.map(([, value]) => value), nonce };
}

describe('allowScript', () => {
  test('leaves a response without a policy alone', () => {
    const headers: [string, string][] = [['Content-Type', 'text/html']];
    expect(allowScript(headers, allowance)).toEqual({ headers });
  });

  test.each([
    // A policy that says nothing of scripts and connections forbids none.
    ['img-src *', 'img-src *'],
    [
      "default-src 'none'",
      "default-src 'none'; script-src-elem http://localhost/dev/; connect-src http://localhost/dev/",
    ],
    [
      "default-src 'self'; script-src 'unsafe-inline'",
      "default-src 'self'; script-src 'unsafe-inline'; script-src-elem 'unsafe-inline' http://localhost/dev/; connect-src 'self' http://localhost/dev/",
    ],
    [
      'SCRIPT-SRC a.test; connect-src b.test',
      'script-src a.test; connect-src b.test http://localhost/dev/; script-src-elem a.test http://localhost/dev/',
    ],
    // Of repeats the first counts.
    [
      'script-src a.test; script-src b.test',
      'script-src a.test; script-src-elem a.test http://localhost/dev/',
    ],
    [
      "script-src 'strict-dynamic' 'sha256-x'",
      "script-src 'strict-dynamic' 'sha256-x'; script-src-elem 'strict-dynamic' 'sha256-x' 'nonce-made'",
    ],
  ])('makes of %s', (policy, expected) => {
    expect(amended(policy).values).toEqual([expected]);
  });

  test('borrows the nonce of a policy, and brings it to the others', () => {
    const { values, nonce } = amended("script-src 'nonce-one'", "script-src 'nonce-two', script-src 'self'");
    expect(nonce).toBe('one');
    expect(values).toEqual([
      "script-src 'nonce-one'; script-src-elem 'nonce-one'",
      "script-src 'nonce-two'; script-src-elem 'nonce-two' 'nonce-one',script-src 'self'; script-src-elem 'self' http://localhost/dev/",
    ]);
  });
});
