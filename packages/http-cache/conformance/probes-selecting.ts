import { group, type Probe, type ProbeFields, type Step, twice } from './probe.ts';

const CC = 'Cache-Control';
const DATE = ['Date', 0] as const;
const FRESH: ProbeFields = [['Expires', 5000], ['Last-Modified', -3000], DATE];

/** The first request stores with these fields of Vary; the second asks with others. */
function varied(
  id: string,
  vary: readonly string[],
  first: ProbeFields,
  second: ProbeFields,
  from: 'store' | 'origin',
): Omit<Probe, 'group' | 'level'> {
  const fields: ProbeFields = [...FRESH, ...vary.map((names) => ['Vary', names] as const)];
  return {
    id,
    steps: [
      { ask: first, fields, from: 'origin' },
      { ask: second, fields, from },
    ],
  };
}

/** A response with a tag is stored, and asked for on a condition. */
function conditional(
  id: string,
  stored: ProbeFields,
  ask: ProbeFields,
  more: Partial<Step> = {},
): Omit<Probe, 'group' | 'level'> {
  return {
    id,
    steps: [
      {
        fields: [
          ['Expires', 100_000],
          ...(stored.some(([name]) => name === 'Date') ? [] : [DATE]),
          ...stored,
        ],
        from: 'origin',
      },
      { ask, from: 'store', gets: 304, ...more },
    ],
  };
}

function validated(id: string, etag: string): Omit<Probe, 'group' | 'level'> {
  const fields: ProbeFields = [
    [CC, 'max-age=2'],
    ['ETag', etag],
  ];
  return {
    id,
    steps: [
      { fields, from: 'origin', wait: 3 },
      { status: '304 Not Modified', fields, from: 'validation', gets: 200, asked: [['If-None-Match', etag]] },
    ],
  };
}

function ranged(id: string, range: string, reads: string): Omit<Probe, 'group' | 'level'> {
  return {
    id,
    steps: [
      {
        fields: [
          [CC, 'max-age=3600'],
          ['X-Kept', '1'],
        ],
        text: 'abcdefghijk',
        from: 'origin',
      },
      { ask: [['Range', range]], from: 'store', gets: 206, reads, has: [['X-Kept', '1']] },
    ],
  };
}

const STARS: readonly (readonly [id: string, vary: readonly string[]])[] = [
  ['star', ['*']],
  ['star-star', ['*, *']],
  ['star-star-lines', ['*', '*']],
  ['empty-star', [', *']],
  ['empty-star-lines', ['', '*']],
  ['star-name', ['*, X-A']],
  ['name-star', ['X-A, *']],
];

const METHODS = ['POST', 'PUT', 'DELETE', 'M-SEARCH'];

/** What answers which request, and what ends that. */
export const selectingProbes: readonly Probe[] = [
  ...group('Vary', 'must', [
    varied('vary-other', ['X-A'], [['X-A', '1']], [['X-A', '2']], 'origin'),
    varied('vary-missing-first', ['X-A'], [], [['X-A', '1']], 'origin'),
    varied('vary-missing-then', ['X-A'], [['X-A', '1']], [], 'origin'),
    varied(
      'vary-one-of-two',
      ['X-A, X-B'],
      [
        ['X-A', '1'],
        ['X-B', 'b'],
      ],
      [
        ['X-A', '2'],
        ['X-B', 'b'],
      ],
      'origin',
    ),
    varied('vary-two-missing', ['X-A, X-B'], [['X-A', '1']], [], 'origin'),
    varied(
      'vary-one-of-three',
      ['X-A, X-B, X-C'],
      [
        ['X-A', '1'],
        ['X-B', 'b'],
        ['X-C', 'c'],
      ],
      [
        ['X-A', '2'],
        ['X-B', 'b'],
        ['X-C', 'c'],
      ],
      'origin',
    ),
    varied(
      'vary-middle-of-three',
      ['X-A, X-B, X-C'],
      [
        ['X-A', '1'],
        ['X-B', 'b4'],
        ['X-C', 'c'],
      ],
      [
        ['X-A', '1'],
        ['X-B', 'b'],
        ['X-C', 'c'],
      ],
      'origin',
    ),
    varied('vary-star-alone', ['*'], [['X-A', '1']], [['X-A', '1']], 'origin'),
    ...STARS.map(([id, vary]) => varied(`vary-syntax-${id}`, vary, [['X-A', '1']], [['X-A', '1']], 'origin')),
  ]),
  ...group('Vary', 'may', [
    varied('vary-same', ['X-A'], [['X-A', '1']], [['X-A', '1']], 'store'),
    varied(
      'vary-unnamed',
      ['X-A'],
      [
        ['X-A', '1'],
        ['X-B', '1'],
      ],
      [
        ['X-A', '1'],
        ['X-B', '2'],
      ],
      'store',
    ),
    varied(
      'vary-two-same',
      ['X-A, X-B'],
      [
        ['X-A', '1'],
        ['X-B', 'b'],
      ],
      [
        ['X-A', '1'],
        ['X-B', 'b'],
      ],
      'store',
    ),
    varied('vary-both-missing', ['X-A, X-B'], [['X-A', '1']], [['X-A', '1']], 'store'),
    varied('vary-blanks', ['X-A'], [['X-A', '1,2']], [['X-A', ' 1,  2 ']], 'store'),
    varied(
      'vary-lines',
      ['X-A'],
      [['X-A', '1, 2']],
      [
        ['X-A', '1'],
        ['X-A', '2'],
      ],
      'store',
    ),
    varied(
      'vary-language-order',
      ['Accept-Language'],
      [['Accept-Language', 'en, de']],
      [['Accept-Language', 'de, en']],
      'store',
    ),
    varied(
      'vary-language-case',
      ['Accept-Language'],
      [['Accept-Language', 'en, de']],
      [['Accept-Language', 'eN, De']],
      'store',
    ),
    {
      id: 'vary-two-variants',
      steps: [
        { ask: [['X-A', '1']], fields: [...FRESH, ['Vary', 'X-A']], text: 'one', from: 'origin' },
        { ask: [['X-A', '2']], fields: [...FRESH, ['Vary', 'X-A']], text: 'two', from: 'origin' },
        { ask: [['X-A', '1']], from: 'store', reads: 'one' },
      ],
    },
  ]),
  ...group('conditions', 'must', [
    conditional('etag-in-304', [['ETag', '"v1"']], [['If-None-Match', '"v1"']], { has: [['ETag', '"v1"']] }),
    conditional(
      'tag-beats-date',
      [
        ['ETag', '"v1"'],
        ['Last-Modified', -5000],
      ],
      [
        ['If-None-Match', '"v1"'],
        ['If-Modified-Since', -6000],
      ],
    ),
    {
      id: 'vary-fields-in-validation',
      steps: [
        {
          ask: [['X-A', '1']],
          fields: [DATE, ['Expires', 1], ['ETag', '"v1"'], ['Vary', 'X-A']],
          from: 'origin',
          wait: 3,
        },
        {
          ask: [['X-A', '1']],
          status: '304 Not Modified',
          fields: [DATE, ['ETag', '"v1"']],
          from: 'validation',
          gets: 200,
          asked: [
            ['X-A', '1'],
            ['If-None-Match', '"v1"'],
          ],
        },
      ],
    },
  ]),
  ...group('conditions', 'may', [
    conditional('etag', [['ETag', '"v1"']], [['If-None-Match', '"v1"']]),
    conditional('etag-weak', [['ETag', 'W/"v1"']], [['If-None-Match', 'W/"v1"']]),
    conditional('etag-first-of-list', [['ETag', '"v1"']], [['If-None-Match', '"v1", "v2"']]),
    conditional('etag-last-of-list', [['ETag', '"v1"']], [['If-None-Match', '"v2", "v1"']]),
    conditional('modified-same', [['Last-Modified', -3000]], [['If-Modified-Since', -3000]]),
    conditional('modified-earlier', [['Last-Modified', -3000]], [['If-Modified-Since', -2000]]),
    validated('validates-tag', '"v1"'),
    validated('validates-weak-tag', 'W/"v1"'),
  ]),
  ...group('ranges', 'must', [ranged('range-fields', 'bytes=0-1', 'ab')]),
  ...group('ranges', 'may', [
    ranged('range-first-last', 'bytes=0-1', 'ab'),
    ranged('range-open', 'bytes=1-', 'bcdefghijk'),
    ranged('range-suffix', 'bytes=-1', 'k'),
    {
      id: 'range-stored',
      steps: [
        {
          ask: [['Range', 'bytes=-5']],
          status: '206 Partial Content',
          fields: [
            [CC, 'max-age=3600'],
            ['Content-Range', 'bytes 5-9/10'],
          ],
          text: 'fghij',
          from: 'origin',
        },
        { ask: [['Range', 'bytes=-5']], from: 'store', gets: 206, reads: 'fghij' },
      ],
    },
  ]),
  ...group(
    'invalidation',
    'must',
    METHODS.flatMap((method) => [
      {
        id: `invalidated-by-${method}`,
        steps: [
          { fields: FRESH, from: 'origin' },
          { method, body: 'x', from: 'origin' },
          { fields: FRESH, from: 'origin' },
        ] as const,
      },
      ...(['Location', 'Content-Location'] as const).map((name) => ({
        id: `invalidated-by-${method}-${name}`,
        steps: [
          { at: '/other', fields: FRESH, from: 'origin' },
          { method, body: 'x', fields: [[name, 'SELF/other']], from: 'origin' },
          { at: '/other', fields: FRESH, from: 'origin' },
        ] as const,
      })),
    ]),
  ),
  ...group(
    'invalidation',
    'may',
    METHODS.map((method) => ({
      id: `kept-after-failed-${method}`,
      steps: [
        { fields: FRESH, from: 'origin' },
        { method, body: 'x', status: '500 Internal Server Error', from: 'origin' },
        { from: 'store' },
      ] as const,
    })),
  ),
  ...group('requests', 'may', [
    twice('request-no-cache', [[CC, 'max-age=3600']], 'origin', { second: { ask: [[CC, 'no-cache']] } }),
    twice('request-max-age-0', [[CC, 'max-age=3600']], 'origin', { second: { ask: [[CC, 'max-age=0']] } }),
    twice('request-min-fresh', [[CC, 'max-age=1500']], 'origin', {
      second: { ask: [[CC, 'min-fresh=2000']] },
    }),
    twice('request-max-stale', [[CC, 'max-age=1']], 'store', { second: { ask: [[CC, 'max-stale=1000']] } }),
    twice('request-pragma', [[CC, 'max-age=3600']], 'origin', { second: { ask: [['Pragma', 'no-cache']] } }),
    { id: 'request-only-if-cached', steps: [{ ask: [[CC, 'only-if-cached']], gets: 504 }] },
  ]),
];
