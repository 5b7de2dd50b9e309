import * as v from 'valibot';
import { amount, count, flag, keys, ms, optional, switched, text } from '../schema-parts.ts';
import type { ForwardOptions } from './config.ts';

const texts = (what: string): v.GenericSchema => v.record(v.string(), v.string('must be a text'), what);
const path = v.pipe(text, v.startsWith('/', 'must start with /'));
const isFunction = v.function('must be a function');

const rules = (what: string): v.GenericSchema =>
  keys(
    what,
    optional({
      set: texts('must be texts by the names of fields'),
      add: texts('must be texts by the names of fields'),
      remove: v.array(text, 'must be a list of names'),
    }),
  );

const buffering = keys(
  'requestBuffering',
  optional({ maxMemoryBytes: amount, maxBytes: amount, folder: text }),
);

/** What it holds are node:tls's own: texts, bytes or lists of them. */
const tls = keys(
  'tls',
  optional({
    ca: v.unknown(),
    cert: v.unknown(),
    key: v.unknown(),
    passphrase: v.string('must be a text'),
    ciphers: text,
    minVersion: v.picklist(['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'], 'must be TLSv1.2 or TLSv1.3'),
    servername: text,
    rejectUnauthorized: flag,
  }),
);

const host = v.union(
  [v.picklist(['client', 'upstream']), v.strictObject({ name: text })],
  "must be 'client', 'upstream' or { name }",
);

const windowBytes = v.pipe(count, v.minValue(65_535, 'must be 65535 or more'));
const http2 = keys(
  'http2',
  optional({
    maxStreams: count,
    maxSessions: count,
    windowBytes,
    sessionWindowBytes: windowBytes,
    maxHeadBytes: count,
    pingAfterMs: ms(0),
    pingTimeoutMs: ms(1),
  }),
);

/** How requests are passed on: all that there is, so that nothing misspelt counts for nothing. */
export const forward: v.GenericSchema = keys(
  'forward',
  optional({
    connectTimeoutMs: ms(0),
    firstByteTimeoutMs: ms(0),
    readTimeoutMs: ms(0),
    sendTimeoutMs: ms(0),
    totalTimeoutMs: ms(0),
    idleTimeoutMs: ms(0),
    tunnelTimeoutMs: ms(0),
    expectTimeoutMs: ms(0),
    stripPrefix: path,
    prefix: path,
    cookieDomain: texts('must be texts by domains'),
    cookiePath: texts('must be texts by paths'),
    viaName: text,
    host,
    maxIdle: amount,
    requestHeaders: rules('requestHeaders'),
    responseHeaders: rules('responseHeaders'),
    rewriteRedirects: flag,
    requestBuffering: switched(buffering),
    mirror: keys('mirror', {
      upstream: text,
      ...optional({ maxConcurrent: count, maxBodyBytes: amount, timeoutMs: ms(1) }),
    }),
    hedge: keys('hedge', { delayMs: ms(0) }),
    allowConnect: v.array(text, 'must be a list of host:port'),
    accelRedirect: isFunction,
    proxyProtocol: v.picklist([1, 2], 'must be 1 or 2'),
    tls,
    http2,
    documentRoot: text,
    scriptFilename: text,
    params: texts('must be texts by the names of variables'),
    requestId: flag,
    traceparent: flag,
    serverTiming: flag,
    explain: keys('explain', { isTrusted: isFunction }),
  } satisfies Record<keyof ForwardOptions, v.GenericSchema>),
);
