import { makeCertificate, temporaryFolder } from '@highball/testkit';
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readAuthorities, readCertificate } from '../../src/tls/certificate-files.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let site: ReturnType<typeof makeCertificate>;
const file = (name: string): string => join(folder.path, name);

beforeAll(async () => {
  folder = await temporaryFolder();
  site = makeCertificate(folder.path, 'site');
  chmodSync(site.keyfile, 0o600);
});
afterAll(() => folder[Symbol.asyncDispose]());

const DAY_MS = 86_400_000;

function read(
  files: { certfile?: string; keyfile?: string },
  now = Date.now(),
): { warnings: string[]; read: () => ReturnType<typeof readCertificate> } {
  const warnings: string[] = [];
  const reader = { place: '', now, warn: (message: string) => void warnings.push(message) };
  return {
    warnings,
    read: () => readCertificate({ certfile: site.certfile, keyfile: site.keyfile, ...files }, reader),
  };
}

describe('a certificate and its key', () => {
  test('are read, with the names they are shown for', () => {
    const { read: run, warnings } = read({});
    expect(run()).toEqual({ cert: site.cert, key: site.key });
    expect(warnings).toEqual([]);
    const reader = { place: '', now: 0, warn: () => undefined };
    expect(readCertificate({ ...site, names: ['a.example'] }, reader).names).toEqual(['a.example']);
  });

  test('may be one file', () => {
    writeFileSync(file('both.pem'), site.cert + site.key, { mode: 0o600 });
    const { read: run } = read({ certfile: file('both.pem'), keyfile: '' });
    expect(run()).toMatchObject({ cert: site.cert + site.key, key: site.cert + site.key });
  });

  test('that are not valid yet, or not any more: a warning', () => {
    const late = read({}, Date.now() + 3 * DAY_MS);
    late.read();
    expect(late.warnings).toEqual([
      expect.stringMatching(/certfile '.*' expired on .*: clients will refuse it/),
    ]);
    const early = read({}, Date.now() - DAY_MS);
    early.read();
    expect(early.warnings).toEqual([expect.stringContaining('is not valid before')]);
  });

  test('a key that everybody can read: a warning', () => {
    writeFileSync(file('open.key'), site.key, { mode: 0o644 });
    const { read: run, warnings } = read({ keyfile: file('open.key') });
    run();
    expect(warnings).toEqual([
      `keyfile '${file('open.key')}' can be read by everybody: chmod o-r ${file('open.key')}`,
    ]);
  });
});

describe('is refused, with the file and the mend', () => {
  test('what is not there, or no file', () => {
    expect(read({ certfile: file('none') }).read).toThrow(
      `certfile '${file('none')}' is not there: name the file`,
    );
    expect(read({ keyfile: file('none') }).read).toThrow(
      `keyfile '${file('none')}' is not there: name the file`,
    );
    expect(read({ keyfile: folder.path }).read).toThrow(`keyfile '${folder.path}' cannot be read: EISDIR`);
  });

  test('what is no PEM', () => {
    writeFileSync(file('text'), 'hello', { mode: 0o600 });
    expect(read({ certfile: file('text') }).read).toThrow(
      'holds no certificate in PEM, with -----BEGIN CERTIFICATE',
    );
    expect(read({ keyfile: file('text') }).read).toThrow(
      'holds no private key in PEM, with -----BEGIN PRIVATE KEY',
    );
    expect(read({ keyfile: '' }).read).toThrow(`certfile '${site.certfile}' holds no private key`);
    expect(() => readAuthorities(file('text'))).toThrow(`caCerts '${file('text')}' holds no certificate`);
  });

  test('a key of another certificate', () => {
    const other = makeCertificate(folder.path, 'other');
    expect(read({ keyfile: other.keyfile }).read).toThrow(
      `keyfile '${other.keyfile}' is not the key of certfile '${site.certfile}'`,
    );
  });

  test('a key with a passphrase', () => {
    const locked = file('locked.key');
    execFileSync('openssl', [
      'pkey',
      '-in',
      site.keyfile,
      '-aes128',
      '-passout',
      'pass:word',
      '-out',
      locked,
    ]);
    expect(readFileSync(locked, 'utf8')).toContain('ENCRYPTED');
    expect(read({ keyfile: locked }).read).toThrow(`keyfile '${locked}' has a passphrase`);
  });
});
