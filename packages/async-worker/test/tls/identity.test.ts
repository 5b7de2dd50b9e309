import { makeCertificate, missingPeers } from '@highball/testkit';
import { execFile } from 'node:child_process';
import { randomBytes, X509Certificate } from 'node:crypto';
import { connect, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { bodyOf, echoPath, last, statusesOf } from '../support.ts';
import { exchangeTls, people, serveTls, TlsClient } from './support.ts';

const certificates = people();
const trusting = (): { ca: string } => ({ ca: certificates.authority.cert });

/** What environ says of TLS. */
const tellTls: Parameters<typeof serveTls>[0] = (environ, start) => {
  start('200 OK', [['Content-Type', 'application/json']]);
  const own = Object.entries(environ).filter(([key]) => /^(?:SSL_|HTTPS|wsgi\.url_scheme)/.test(key));
  return [Buffer.from(JSON.stringify(Object.fromEntries(own)), 'latin1')];
};

const told = (answer: string): Record<string, string> => JSON.parse(bodyOf(answer)) as Record<string, string>;

describe('environ', () => {
  test('says what the connection is', async () => {
    await using server = await serveTls(tellTls, certificates.server);
    expect(told(await exchangeTls(server.port, last('/'), trusting()))).toEqual({
      HTTPS: 'on',
      'wsgi.url_scheme': 'https',
      SSL_PROTOCOL: 'TLSv1.3',
      SSL_CIPHER: 'TLS_AES_256_GCM_SHA384',
      SSL_SESSION_RESUMED: 'Initial',
      SSL_TLS_SNI: 'localhost',
    });
  });

  test('says nothing of it on a plain connection of the same worker', async () => {
    await using server = await serveTls(tellTls, certificates.server);
    const { port } = await server.worker.listen({ port: 0, tls: false });
    const { exchange } = await import('@highball/testkit');
    expect(told(await exchange(port, last('/', 'SSL-Client-Verify: SUCCESS')))).toEqual({
      'wsgi.url_scheme': 'http',
    });
  });
});

describe('a server with several certificates', () => {
  const serveNames = () => {
    const { folder, authority: issuer, server } = certificates;
    const make = (name: string, names: string[], kind: 'ec' | 'rsa' = 'ec') =>
      makeCertificate(folder, name, { issuer, names, kind });
    return serveTls(echoPath, server, {
      tls: {
        certificates: [
          server,
          make('example', ['example.org', '*.example.org']),
          make('special', ['special.example.org']),
          { ...make('renamed', ['old.example']), names: ['new.example'] },
          make('later', ['example.org', 'rsa.example'], 'rsa'),
        ],
      },
    });
  };
  const shown = async (port: number, servername: string, options = {}): Promise<string> => {
    const client = await TlsClient.connect(port, { servername, rejectUnauthorized: false, ...options });
    const { subject } = client.socket.getPeerX509Certificate() as X509Certificate;
    client.socket.destroy();
    return subject;
  };

  test('shows the one of the name that the client asks for', async () => {
    await using server = await serveNames();
    const found: Record<string, string> = {};
    const names = [
      'localhost',
      'rsa.example',
      'example.org',
      'a.example.org',
      'A.Example.ORG',
      'special.example.org',
      'new.example',
    ];
    for (const name of [...names, 'a.b.example.org', 'old.example', 'unknown.example', ''])
      found[name] = await shown(server.port, name);
    expect(found).toEqual({
      localhost: 'CN=server',
      'rsa.example': 'CN=later',
      'example.org': 'CN=example',
      'a.example.org': 'CN=example',
      'A.Example.ORG': 'CN=example',
      'special.example.org': 'CN=special',
      'new.example': 'CN=renamed',
      'a.b.example.org': 'CN=server',
      'old.example': 'CN=server',
      'unknown.example': 'CN=server',
      '': 'CN=server',
    });
  });
});

describe('a client certificate', () => {
  const asking = (clientCertificates: 'optional' | 'required') => ({
    tls: { clientCertificates, ca: certificates.authority.cert },
  });
  const own = (): object => ({ ...trusting(), cert: certificates.client.cert, key: certificates.client.key });

  test.each(['optional', 'required'] as const)(
    'that is %s and valid is told to the application',
    async (kind) => {
      await using server = await serveTls(tellTls, certificates.server, asking(kind));
      const environ = told(await exchangeTls(server.port, last('/'), own()));
      expect(environ).toMatchObject({
        SSL_CLIENT_VERIFY: 'SUCCESS',
        SSL_CLIENT_S_DN: 'CN=zo\u00c3\u00ab,O=Zo\u00c3\u00ab Ltd',
        SSL_CLIENT_I_DN: 'CN=authority',
      });
      expect(environ['SSL_CLIENT_CERT']?.trim()).toBe(certificates.client.cert.trim());
      expect(environ['SSL_CLIENT_M_SERIAL']).toBe(new X509Certificate(certificates.client.cert).serialNumber);
    },
  );

  test('that is missing: an optional one is NONE', async () => {
    await using server = await serveTls(tellTls, certificates.server, asking('optional'));
    const environ = told(await exchangeTls(server.port, last('/'), trusting()));
    expect(environ['SSL_CLIENT_VERIFY']).toBe('NONE');
    expect(environ).not.toHaveProperty('SSL_CLIENT_S_DN');
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'that is required and missing in %s: the application is not called',
    async (version) => {
      await using server = await serveTls(tellTls, certificates.server, asking('required'));
      const answer = await exchangeTls(server.port, last('/'), { ...trusting(), maxVersion: version });
      expect(statusesOf(answer)).toEqual([400]);
      expect(bodyOf(answer)).toContain('no client certificate was sent');
      expect(server.records).toEqual([]);
    },
  );

  test.each(['optional', 'required'] as const)(
    'that nobody vouches for is refused, where it is %s',
    async (kind) => {
      await using server = await serveTls(tellTls, certificates.server, asking(kind));
      const { folder } = certificates;
      const stranger = makeCertificate(folder, 'stranger', { names: [] });
      const options = { ...trusting(), cert: stranger.cert, key: stranger.key };
      const answer = await exchangeTls(server.port, last('/'), options);
      expect(statusesOf(answer)).toEqual([400]);
      expect(server.records).toEqual([]);
    },
  );

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'does not come to count by resuming the session of a refused %s connection',
    async (maxVersion) => {
      await using server = await serveTls(tellTls, certificates.server, asking('required'));
      const sessions: Buffer[] = [];
      const first = await TlsClient.connect(server.port, { ...trusting(), maxVersion });
      first.socket.on('session', (session: Buffer) => sessions.push(session));
      first.send(last('/'));
      await first.closed;
      const [session = first.socket.getSession()] = sessions;
      first.socket.destroy();
      const answer = await exchangeTls(server.port, last('/'), {
        ...trusting(),
        maxVersion,
        session,
      } as object);
      expect(statusesOf(answer)).toEqual([400]);
      expect(server.records).toEqual([]);
    },
  );

  test('counts when its session is resumed', async () => {
    await using server = await serveTls(tellTls, certificates.server, asking('required'));
    const session = await sessionOf(server.port, own());
    const environ = told(await exchangeTls(server.port, last('/'), { ...own(), session } as object));
    expect(environ).toMatchObject({ SSL_SESSION_RESUMED: 'Resumed', SSL_CLIENT_VERIFY: 'SUCCESS' });
    expect(environ['SSL_CLIENT_S_DN']).toMatch(/^CN=zo/);
  });
});

async function sessionOf(port: number, options: object): Promise<Buffer> {
  const client = await TlsClient.connect(port, options);
  let session: Buffer | undefined;
  client.socket.on('session', (each: Buffer) => (session ??= each));
  client.send(last('/'));
  await client.closed;
  // Of TLS 1.2 it is there before anybody can listen.
  session ??= client.socket.getSession() as Buffer;
  client.socket.destroy();
  return session;
}

describe('a session', () => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'of %s is resumed by another worker with the same ticket keys',
    async (maxVersion) => {
      const ticketKeys = randomBytes(48);
      await using one = await serveTls(tellTls, certificates.server, { tls: { ticketKeys } });
      await using two = await serveTls(tellTls, certificates.server, { tls: { ticketKeys } });
      await using stranger = await serveTls(tellTls, certificates.server);
      const session = await sessionOf(one.port, { ...trusting(), maxVersion });
      const resume = async (port: number): Promise<string | undefined> =>
        told(await exchangeTls(port, last('/'), { ...trusting(), session, maxVersion } as object))[
          'SSL_SESSION_RESUMED'
        ];
      expect(await resume(two.port)).toBe('Resumed');
      expect(await resume(stranger.port)).toBe('Initial');
    },
  );
});

describe('what is negotiated', () => {
  const refused = async (port: number, options: object): Promise<string> => {
    const socket: TLSSocket = connect({ port, servername: 'localhost', ...trusting(), ...options });
    return new Promise((resolve, reject) => {
      socket.on('error', (error) => resolve((error as { code?: string }).code ?? error.message));
      socket.on('secureConnect', () => reject(new Error('it was accepted')));
    });
  };

  test('TLS 1.1 is refused, and 1.2 where 1.3 is wanted', async () => {
    await using server = await serveTls(echoPath, certificates.server);
    await using strict = await serveTls(echoPath, certificates.server, { tls: { minVersion: 'TLSv1.3' } });
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
    expect(await refused(server.port, old)).toMatch(/ALERT_PROTOCOL_VERSION/);
    expect(await refused(strict.port, { maxVersion: 'TLSv1.2' })).toMatch(/ALERT_PROTOCOL_VERSION/);
  });

  test('ciphers are those of the option', async () => {
    const ciphers = 'ECDHE-ECDSA-AES128-GCM-SHA256:TLS_CHACHA20_POLY1305_SHA256';
    await using server = await serveTls(tellTls, certificates.server, { tls: { ciphers } });
    const cipher = async (options: object): Promise<string | undefined> =>
      told(await exchangeTls(server.port, last('/'), { ...trusting(), ...options }))['SSL_CIPHER'];
    expect(await cipher({})).toBe('TLS_CHACHA20_POLY1305_SHA256');
    expect(await cipher({ maxVersion: 'TLSv1.2' })).toBe('ECDHE-ECDSA-AES128-GCM-SHA256');
    expect(
      await refused(server.port, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' }),
    ).toMatch(/HANDSHAKE_FAILURE/);
  });

  test('a protocol that is not spoken here is refused (RFC 7301 §3.2)', async () => {
    await using server = await serveTls(echoPath, certificates.server);
    const client = await TlsClient.connect(server.port, { ...trusting(), ALPNProtocols: ['http/1.1'] });
    expect(client.socket.alpnProtocol).toBe('http/1.1');
    client.socket.destroy();
    expect(await refused(server.port, { ALPNProtocols: ['spdy/3'] })).toMatch(/NO_APPLICATION_PROTOCOL/);
  });

  test('a client cannot have it done again', async ({ skip }) => {
    const missing = missingPeers('openssl');
    skip(missing !== undefined, missing);
    await using server = await serveTls(echoPath, certificates.server);
    const run = promisify(execFile)('openssl', [
      's_client',
      '-connect',
      `127.0.0.1:${server.port}`,
      '-tls1_2',
    ]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    run.child.stdin?.write('R\n');
    const output = await run.catch((error: { stdout: string; stderr: string }) => error);
    expect(`${output.stdout}${output.stderr}`).toMatch(/RENEGOTIATING[\s\S]*no renegotiation/);
  });
});

describe('options that make no sense are refused at once', () => {
  test.each([
    ['no certificate', { certificates: [] }, 'must have one certificate at least'],
    ['no PEM', { certificates: [{ cert: 'x', key: 'y' }] }, 'no TLS with these certificates and options'],
    [
      'ticket keys of another length',
      { ticketKeys: Buffer.alloc(47) },
      'tls.ticketKeys must be 48 bytes, not 47',
    ],
    ['client certificates of anybody', { clientCertificates: 'required' }, 'needs tls.ca'],
    ['no such cipher', { ciphers: 'ROT13' }, 'no TLS with these certificates and options'],
  ] as const)('%s', async (_, tls, message) => {
    await expect(serveTls(echoPath, certificates.server, { tls: tls as object })).rejects.toThrow(message);
  });

  test('a key of another certificate', async () => {
    const { server, client } = certificates;
    const mixed = { ...server, key: client.key };
    await expect(serveTls(echoPath, mixed)).rejects.toThrow('no TLS with these certificates and options');
  });

  test('an address that shall speak TLS, without a certificate', async () => {
    const { serve } = await import('../support.ts');
    await using server = await serve(echoPath);
    await expect(server.worker.listen({ port: 0, tls: true })).rejects.toThrow('give it the option tls');
  });
});

describe.skipIf(missingPeers('openssl') !== undefined)('openssl s_client (needs openssl)', () => {
  /** What it says of a handshake. */
  const handshake = async (port: number, ...args: string[]): Promise<string> => {
    const to = ['-connect', `127.0.0.1:${port}`, '-CAfile', certificates.authority.certfile];
    const run = promisify(execFile)('openssl', ['s_client', ...to, ...args]);
    run.child.stdin?.end('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    const output = await run.catch((error: { stdout: string; stderr: string }) => error);
    return output.stdout + output.stderr;
  };

  test('agrees on version, cipher and protocol, and trusts the certificate', async () => {
    await using server = await serveTls(tellTls, certificates.server);
    const verified = ['-verify_return_error', '-verify_hostname', 'localhost', '-alpn', 'http/1.1'];
    const usual = await handshake(server.port, ...verified);
    expect(usual).toContain('ALPN protocol: http/1.1');
    expect(usual).toContain('Verification: OK');
    expect(usual).toContain('New, TLSv1.3, Cipher is TLS_AES_256_GCM_SHA384');
    const old = await handshake(server.port, '-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-GCM-SHA256');
    expect(old).toContain('New, TLSv1.2, Cipher is ECDHE-ECDSA-AES128-GCM-SHA256');
    expect(await handshake(server.port, '-tls1_1', '-cipher', 'DEFAULT@SECLEVEL=0')).toContain(
      'Cipher is (NONE)',
    );
  });

  test.each(['-tls1_2', '-tls1_3'])('goes on with a session at another worker: %s', async (version) => {
    const ticketKeys = randomBytes(48);
    await using one = await serveTls(tellTls, certificates.server, { tls: { ticketKeys } });
    await using two = await serveTls(tellTls, certificates.server, { tls: { ticketKeys } });
    const file = `${certificates.folder}/session${version}`;
    // The tickets of TLS 1.3 come behind the handshake.
    expect(await handshake(one.port, version, '-ign_eof', '-sess_out', file)).toContain('New, TLSv1');
    expect(await handshake(two.port, version, '-ign_eof', '-sess_in', file)).toContain('Reused, TLSv1');
  });

  test('shows its certificate', async () => {
    const tls = { clientCertificates: 'required', ca: certificates.authority.cert } as const;
    await using server = await serveTls(tellTls, certificates.server, { tls });
    const { certfile, keyfile } = certificates.client;
    const output = await handshake(server.port, '-ign_eof', '-cert', certfile, '-key', keyfile);
    expect(output).toMatch(/Acceptable client certificate CA names\nCN = authority/);
    expect(output).toContain('"SSL_CLIENT_VERIFY":"SUCCESS"');
    expect(await handshake(server.port, '-ign_eof')).toContain(
      '400 Bad Request: no client certificate was sent',
    );
  });
});
