import { group, type Probe, twice } from './probe.ts';

const CC = 'Cache-Control';
const CDN = 'CDN-Cache-Control';
const DATE = ['Date', 0] as const;

/** Lifetimes and ages. */
export const freshnessProbes: readonly Probe[] = [
  ...group('lifetime', 'must', [
    twice('max-age-0', [[CC, 'max-age=0']], 'origin'),
    twice('max-age-below-age', [DATE, [CC, 'max-age=3600'], ['Age', '7200']], 'origin'),
    twice('max-age-0-beats-expires', [DATE, [CC, 'max-age=0'], ['Expires', 3600]], 'origin'),
    twice('max-age-negative', [[CC, 'max-age=-3600']], 'origin'),
    twice('s-maxage', [[CC, 's-maxage=3600']], 'store'),
    twice('s-maxage-shorter', [[CC, 'max-age=3600, s-maxage=1']], 'origin'),
    twice('s-maxage-shorter-first', [[CC, 's-maxage=1, max-age=3600']], 'origin'),
    twice(
      's-maxage-shorter-two-lines',
      [
        [CC, 'max-age=3600'],
        [CC, 's-maxage=1'],
      ],
      'origin',
    ),
  ]),
  ...group('lifetime', 'may', [
    twice('max-age', [[CC, 'max-age=3600']], 'store'),
    twice('max-age-31-bits', [[CC, 'max-age=2147483648']], 'store'),
    twice('max-age-huge', [[CC, 'max-age=99999999999']], 'store'),
    twice('max-age-beats-past-expires', [DATE, [CC, 'max-age=3600'], ['Expires', -7200]], 'store'),
    twice('max-age-beats-bad-expires', [DATE, [CC, 'max-age=3600'], ['Expires', '0']], 'store'),
    twice('max-age-beside-extension', [[CC, 'later, max-age=3600']], 'store'),
    twice('max-age-any-case', [[CC, 'mAx-AgE=3600']], 'store'),
    twice('s-maxage-longer', [[CC, 'max-age=1, s-maxage=3600']], 'store'),
    twice(
      's-maxage-beats-0-and-expires',
      [
        ['Expires', -10],
        [CC, 'max-age=0, s-maxage=3600'],
      ],
      'store',
    ),
    twice('expires', [DATE, ['Expires', 86_400]], 'store'),
    twice(
      'expires-bad-date',
      [
        ['Date', 'today'],
        ['Expires', 10],
      ],
      'store',
    ),
  ]),
  ...group('directive syntax', 'must', [
    twice('single-quotes', [[CC, "max-age='3600'"]], 'origin'),
    twice('in-quotes-before', [[CC, 'other="max-age=3600", max-age=1']], 'origin'),
    twice('in-quotes-behind', [[CC, 'max-age=1, other="max-age=3600"']], 'origin'),
    twice('both-in-quotes-before', [[CC, 'other="max-age=3600", max-age="1"']], 'origin'),
    twice('both-in-quotes-behind', [[CC, 'max-age="1", other="max-age=3600"']], 'origin'),
    twice('leading-zeros', [[CC, 'max-age=003600']], 'store'),
  ]),
  ...group('Age', 'must', [
    twice('age-word', [DATE, [CC, 'max-age=3600'], ['Age', 'old']], 'store'),
    twice('age-negative', [DATE, [CC, 'max-age=3600'], ['Age', '-7200']], 'store'),
    twice('age-fraction', [DATE, [CC, 'max-age=3600'], ['Age', '7200.0']], 'store'),
    twice('age-first-of-list', [DATE, [CC, 'max-age=3600'], ['Age', '7200, 0']], 'origin'),
    twice('age-not-last-of-list', [DATE, [CC, 'max-age=3600'], ['Age', '0, 7200']], 'store'),
    twice('age-first-of-lines', [DATE, [CC, 'max-age=3600'], ['Age', '7200'], ['Age', '0']], 'origin'),
    twice('age-not-last-of-lines', [DATE, [CC, 'max-age=3600'], ['Age', '0'], ['Age', '7200']], 'store'),
    twice('age-0-twice', [DATE, [CC, 'max-age=3600'], ['Age', '0, 0']], 'store'),
    twice('age-0-on-two-lines', [DATE, [CC, 'max-age=3600'], ['Age', '0'], ['Age', '0']], 'store'),
    twice('age-twice', [DATE, [CC, 'max-age=10000'], ['Age', '3600, 3600']], 'store'),
    twice('age-with-word-parameter', [DATE, [CC, 'max-age=3600'], ['Age', '7200;a=b']], 'store'),
    twice('age-with-number-parameter', [DATE, [CC, 'max-age=3600'], ['Age', '7200;a=1']], 'store'),
  ]),
  ...group('Expires', 'must', [
    twice('expires-past', [DATE, ['Expires', -86_400]], 'origin'),
    twice('expires-now', [DATE, ['Expires', 0]], 'origin', { wait: 0 }),
    twice(
      'expires-before-date',
      [
        ['Expires', 300],
        ['Date', 400],
      ],
      'origin',
    ),
    twice('expires-bad', [DATE, ['Expires', '0']], 'origin'),
    twice(
      'expires-below-age-slow-date',
      [
        ['Date', -10],
        ['Expires', 10],
        ['Age', '25'],
      ],
      'origin',
      { wait: 0 },
    ),
    twice(
      'expires-below-age-fast-date',
      [
        ['Date', 10],
        ['Expires', 20],
        ['Age', '15'],
      ],
      'origin',
      { wait: 0 },
    ),
  ]),
  ...group('CDN-Cache-Control', 'must', [
    twice('cdn-below-age', [DATE, [CDN, 'max-age=3600'], ['Age', '7200']], 'origin'),
    twice('cdn-0', [[CDN, 'max-age=0']], 'origin'),
    twice('cdn-0-beats-expires', [DATE, [CDN, 'max-age=0'], ['Expires', 10_000]], 'origin'),
    twice(
      'cdn-shorter',
      [
        [CC, 'max-age=3600'],
        [CDN, 'max-age=1'],
      ],
      'origin',
    ),
    twice('cdn-private', [DATE, [CDN, 'private'], [CC, 'max-age=10000'], ['Expires', 10_000]], 'origin', {
      wait: 0,
    }),
    twice('cdn-no-cache', [DATE, [CDN, 'no-cache'], [CC, 'max-age=10000'], ['Expires', 10_000]], 'origin', {
      wait: 0,
    }),
    twice('cdn-no-store', [DATE, [CDN, 'no-store'], [CC, 'max-age=10000'], ['Expires', 10_000]], 'origin'),
    twice(
      'cdn-beats-no-store',
      [
        [CC, 'no-store'],
        [CDN, 'max-age=10000'],
      ],
      'store',
    ),
    twice(
      'cdn-malformed',
      [
        [CC, 'no-store'],
        [CDN, 'max-age=10000, &&&'],
      ],
      'origin',
    ),
    twice(
      'cdn-wrong-type',
      [
        [CC, 'no-store'],
        [CDN, 'max-age="10000"'],
      ],
      'origin',
    ),
  ]),
  ...group('CDN-Cache-Control', 'may', [
    twice('cdn-max-age', [[CDN, 'max-age=3600']], 'store'),
    twice('cdn-max-age-huge', [[CDN, 'max-age=99999999999']], 'store'),
    twice('cdn-extension', [[CDN, 'later, max-age=3600']], 'store'),
    twice('cdn-beats-past-expires', [DATE, [CDN, 'max-age=3600'], ['Expires', -10_000]], 'store'),
    twice(
      'cdn-longer',
      [
        [CC, 'max-age=1'],
        [CDN, 'max-age=3600'],
      ],
      'store',
    ),
  ]),
];
