import { group, type Probe, type ProbeFields, type Step, twice } from './probe.ts';

const CC = 'Cache-Control';
const DATE = ['Date', 0] as const;
const FRESH: ProbeFields = [['Expires', 100_000], ['Last-Modified', 0], DATE];
const STALE: ProbeFields = [['Expires', -5000], ['Last-Modified', -100_000], DATE];
const GUESSED: ProbeFields = [['Last-Modified', -86_400], DATE];

const STATUSES = [
  '200 OK', '203 Non-Authoritative Information', '204 No Content', '299 Other', '301 Moved Permanently', '302 Found',
  '303 See Other', '307 Temporary Redirect', '308 Permanent Redirect', '400 Bad Request', '404 Not Found', '410 Gone',
  '499 Other', '500 Internal Server Error', '502 Bad Gateway', '503 Service Unavailable', '504 Gateway Timeout',
  '599 Other',
]; // prettier-ignore
const NOT_GUESSED = ['201 Created', '202 Accepted', '403 Forbidden', '502 Bad Gateway', '503 Service Unavailable', '504 Gateway Timeout', '599 Other']; // prettier-ignore
const GUESSABLE = ['200 OK', '203 Non-Authoritative Information', '204 No Content', '404 Not Found', '405 Method Not Allowed', '410 Gone', '414 URI Too Long', '501 Not Implemented']; // prettier-ignore

const code = (status: string): string => status.slice(0, 3);
const closed: Partial<Step> = { hangUp: true };

/** What is stored, and when it must not be used. */
export const storingProbes: readonly Probe[] = [
  ...group('response directives', 'must', [
    twice('private', [[CC, 'private, max-age=3600']], 'origin', { wait: 0 }),
    twice('no-store', [[CC, 'no-store']], 'origin', { wait: 0 }),
    twice('no-store-any-case', [[CC, 'nO-sToRe']], 'origin', { wait: 0 }),
    twice('no-store-though-fresh', [DATE, [CC, 'max-age=10000, no-store'], ['Expires', 10_000]], 'origin', {
      wait: 0,
    }),
    twice('no-cache', [DATE, [CC, 'max-age=10000, no-cache'], ['Expires', 10_000]], 'origin', { wait: 0 }),
    twice('no-cache-any-case', [DATE, [CC, 'max-age=10000, nO-cAcHe'], ['Expires', 10_000]], 'origin', {
      wait: 0,
    }),
    {
      id: 'must-revalidate',
      steps: [
        {
          fields: [
            [CC, 'max-age=2, must-revalidate'],
            ['ETag', '"v1"'],
          ],
          from: 'origin',
        },
        { from: 'store', wait: 3 },
        {
          status: '304 Not Modified',
          fields: [
            [CC, 'max-age=2'],
            ['ETag', '"v1"'],
          ],
          from: 'validation',
          gets: 200,
          asked: [['If-None-Match', '"v1"']],
        },
      ],
    },
  ]),
  ...group('response directives', 'may', [
    twice(
      'must-revalidate-fresh',
      [
        [CC, 'max-age=10000, must-revalidate'],
        ['ETag', '"v1"'],
      ],
      'store',
      { wait: 0 },
    ),
    {
      id: 'no-cache-validated',
      steps: [
        {
          fields: [
            [CC, 'no-cache'],
            ['ETag', '"v1"'],
          ],
          from: 'origin',
        },
        {
          status: '304 Not Modified',
          fields: [
            [CC, 'no-cache'],
            ['ETag', '"v1"'],
          ],
          from: 'validation',
          gets: 200,
          asked: [['If-None-Match', '"v1"']],
        },
      ],
    },
    twice(
      'no-cache-with-names',
      [DATE, [CC, 'no-cache="X-One, X-Two", max-age=3600'], ['X-One', '1'], ['X-Two', '2'], ['X-Three', '3']],
      'store',
      { second: { has: [['X-Three', '3']], hasNot: ['X-One', 'X-Two'] } },
    ),
  ]),
  ...group('stale', 'must', [
    twice('no-stale-must-revalidate', [[CC, 'max-age=2, must-revalidate']], 'origin', { second: closed }),
    twice('no-stale-proxy-revalidate', [[CC, 'max-age=2, proxy-revalidate']], 'origin', { second: closed }),
    twice('no-stale-no-cache', [[CC, 'max-age=2, no-cache']], 'origin', { second: closed }),
    twice('no-stale-s-maxage', [[CC, 'max-age=2, s-maxage=2']], 'origin', { second: closed }),
  ]),
  ...group('stale', 'may', [
    twice('stale-if-error-closed', [[CC, 'max-age=2, stale-if-error=60']], 'store', {
      second: { hangUp: true, gets: 200 },
    }),
    twice('stale-if-error-503', [[CC, 'max-age=2, stale-if-error=60']], 'store', {
      second: { status: '503 Service Unavailable', gets: 200 },
    }),
    twice('stale-while-revalidate', [[CC, 'max-age=2, stale-while-revalidate=60']], 'store'),
  ]),
  ...group(
    'heuristic',
    'must',
    NOT_GUESSED.map((status) =>
      twice(`heuristic-not-${code(status)}`, GUESSED, 'origin', { status, wait: 0 }),
    ),
  ),
  ...group('heuristic', 'may', [
    ...GUESSABLE.map((status) => twice(`heuristic-${code(status)}`, GUESSED, 'store', { status, wait: 0 })),
    twice('heuristic-public-599', [...GUESSED, [CC, 'public']], 'store', { status: '599 Other', wait: 0 }),
  ]),
  ...group('status', 'must', [
    ...STATUSES.map((status) => twice(`status-${code(status)}-stale`, STALE, 'origin', { status, wait: 0 })),
    twice('status-must-understand', [[CC, 'max-age=3600, must-understand']], 'origin', {
      status: '599 Other',
      wait: 0,
    }),
  ]),
  ...group(
    'status',
    'may',
    STATUSES.map((status) => twice(`status-${code(status)}-fresh`, FRESH, 'store', { status, wait: 0 })),
  ),
  ...group('authorization', 'must', [
    twice('authorization', [DATE, ['Expires', 86_400]], 'origin', { ask: [['Authorization', 'Basic eA==']] }),
  ]),
  ...group(
    'authorization',
    'may',
    ['public', 'must-revalidate', 's-maxage=3600'].map((directive) =>
      twice(`authorization-${directive.split('=')[0]}`, [DATE, [CC, `max-age=3600, ${directive}`]], 'store', {
        ask: [['Authorization', 'Basic eA==']],
      }),
    ),
  ),
  ...group('age and date', 'must', [
    twice('age-generated', [DATE, ['Expires', 86_400]], 'store', { second: { has: [['Age', 3]] } }),
    twice('age-updated-expires', [DATE, ['Expires', 86_400], ['Age', '30']], 'store', {
      second: { has: [['Age', 33]] },
    }),
    twice('age-updated-max-age', [DATE, [CC, 'max-age=600'], ['Age', '30']], 'store', {
      second: { has: [['Age', 33]] },
    }),
    {
      id: 'date-kept',
      steps: [
        {
          fields: [
            ['Expires', 86_400],
            ['Date', 'Tue, 01 Jan 2030 00:00:00 GMT'],
          ],
          from: 'origin',
          wait: 3,
        },
        { from: 'store', has: [['Date', 'Tue, 01 Jan 2030 00:00:00 GMT']] },
      ],
    },
    {
      id: 'query-in-key',
      steps: [
        { at: '?a=1', fields: FRESH, from: 'origin' },
        { at: '?a=2', fields: FRESH, from: 'origin' },
      ],
    },
  ]),
  ...group('age and date', 'may', [
    {
      id: 'query-same',
      steps: [
        { at: '?a=1', fields: FRESH, from: 'origin' },
        { at: '?a=1', from: 'store' },
      ],
    },
    twice('cookie-in-request', [[CC, 'max-age=3600']], 'store', { second: { ask: [['Cookie', 'a=b']] } }),
    twice(
      'set-cookie-reused',
      [
        [CC, 'max-age=3600'],
        ['Set-Cookie', 'a=b'],
      ],
      'store',
    ),
  ]),
];
