import { STRATEGIES } from '@highball/balancer/strategies';
import * as v from 'valibot';
import { amount, count, flag, keys, ms, optional, switched, text } from '../schema-parts.ts';
import { DISCOVERED_PROTOCOLS } from './config.ts';
import { forward } from './forward-schema.ts';

const share = v.pipe(
  v.number('must be a number from 0 to 1'),
  v.minValue(0, 'must be a number from 0 to 1'),
  v.maxValue(1, 'must be a number from 0 to 1'),
);
const positive = v.pipe(v.number('must be a number'), v.minValue(0, 'must be 0 or more'));

const server = keys('a server', {
  id: text,
  ...optional({ weight: positive, backup: flag, maxConnections: count }),
});

/** A text, or what is said of the object that it is not. */
const serverOrAddress = v.lazy((value) => (typeof value === 'object' ? server : text));

const check = keys(
  'check',
  optional({
    path: v.pipe(text, v.startsWith('/', 'must start with /')),
    host: text,
    statuses: v.pipe(
      v.array(
        v.pipe(
          v.number('must be a status'),
          v.minValue(200, 'must be a status from 200 on'),
          v.maxValue(599, 'must be a status'),
        ),
        'must be a list of statuses',
      ),
      v.minLength(1, 'must have one status or more'),
    ),
    intervalMs: ms(1),
    timeoutMs: ms(1),
    jitter: share,
    rise: count,
    fall: count,
    maxConcurrent: count,
  }),
);

const health = keys(
  'health',
  optional({ maxFails: amount, failTimeoutMs: ms(0), panicThreshold: share, check }),
);

const outliers = keys(
  'outliers',
  optional({
    consecutiveFailures: amount,
    ejectionMs: ms(1),
    maxEjectionMs: ms(1),
    maxEjectedShare: share,
    intervalMs: ms(0),
    minPeers: count,
    minRequests: count,
    deviations: positive,
  }),
);

const circuit = keys(
  'circuit',
  optional({
    maxRequests: amount,
    failureShare: share,
    minRequests: count,
    windowMs: ms(1),
    openMs: ms(1),
    trials: count,
  }),
);

const queue = keys('queue', optional({ maxWaiting: amount, timeoutMs: ms(1) }));

const sticky = keys('sticky', {
  secrets: v.pipe(
    v.array(v.union([text, v.instance(Uint8Array)], 'must be a text or bytes'), 'must be a list of secrets'),
    v.minLength(1, 'must have one secret or more'),
  ),
  ...optional({
    name: text,
    maxAgeSeconds: count,
    path: v.pipe(text, v.startsWith('/', 'must start with /')),
    sameSite: v.picklist(['Strict', 'Lax', 'None'], 'must be Strict, Lax or None'),
    secure: flag,
  }),
});

const port = v.pipe(
  v.number('must be a port'),
  v.integer('must be a port'),
  v.minValue(1, 'must be a port'),
  v.maxValue(65_535, 'must be a port'),
);

/** The ways to find servers: what names each, and what goes with it. */
const DNS = optional({
  protocol: v.picklist(DISCOVERED_PROTOCOLS, `must be one of ${DISCOVERED_PROTOCOLS.join(', ')}`),
  family: v.picklist([4, 6, 'both'], "must be 4, 6 or 'both'"),
  resolver: v.pipe(
    v.array(text, 'must be a list of DNS servers'),
    v.minLength(1, 'must have one server or more'),
  ),
  minTtlMs: ms(1),
  maxTtlMs: ms(1),
  intervalMs: ms(1),
});
const waysToDiscover: Readonly<Record<string, v.GenericSchema>> = {
  dns: keys('discover by dns', { dns: text, port, ...DNS }),
  srv: keys('discover by srv', { srv: text, ...DNS }),
  file: keys('discover by file', { file: text, ...optional({ intervalMs: ms(1) }) }),
  find: keys('discover by find', {
    find: v.function('must be a function'),
    ...optional({ intervalMs: ms(1), timeoutMs: ms(1) }),
  }),
};

const discover = v.lazy((value) => {
  const given = Object.keys(value ?? {});
  const way = Object.keys(waysToDiscover).find((name) => given.includes(name));
  return (
    (way === undefined ? undefined : waysToDiscover[way]) ??
    v.pipe(
      v.any(),
      v.check(() => false, 'must be { dns, port }, { srv }, { file } or { find }'),
    )
  );
});

const FIELDS = ['header', 'cookie', 'query'] as const;
const hashBy = v.union(
  [
    v.picklist(['address', 'path', 'uri', 'host']),
    v.function(),
    ...FIELDS.map((name) => v.strictObject({ [name]: text })),
  ],
  "must be 'address', 'path', 'uri', 'host', { header }, { cookie }, { query } or a function",
);

const common = optional({
  balance: v.picklist(STRATEGIES, `must be one of ${STRATEGIES.join(', ')}`),
  hashBy,
  forward,
  maxConnections: count,
  health,
  outliers: switched(outliers),
  circuit: switched(circuit),
  slowStartMs: ms(0),
  queue: switched(queue),
  sticky,
});

/** The kinds of upstreams: what names each, and what goes with it. */
const kinds: Readonly<Record<string, v.GenericSchema>> = {
  servers: keys('an upstream of servers', {
    servers: v.pipe(
      v.array(serverOrAddress, 'must be a list'),
      v.minLength(1, 'must have one server or more'),
    ),
    ...common,
  }),
  app: keys('an upstream with an app', {
    app: text,
    ...optional({ instances: count, workers: count }),
    ...common,
  }),
  discover: keys('an upstream that is discovered', { discover, ...common }),
};

/** One upstream. */
export const upstream: v.GenericSchema = v.lazy((value) => {
  const given = Object.keys(value ?? {});
  const [kind, ...more] = Object.keys(kinds).filter((name) => given.includes(name));
  if (kind !== undefined && more.length === 0) return kinds[kind] as v.GenericSchema;
  const problem =
    kind === undefined
      ? 'must be { servers: [...] }, { app: ... } or { discover: ... }'
      : `has ${[kind, ...more].join(' and ')}: keep one of them`;
  return v.pipe(
    v.any(),
    v.check(() => false, problem),
  );
});
