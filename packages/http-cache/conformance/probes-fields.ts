import { group, type Probe, type Step } from './probe.ts';

interface Field {
  readonly name: string;
  readonly before?: string;
  readonly after?: string;
  /** It ends at this hop. */
  readonly hop?: true;
  /** It describes the body: a 304 does not change it. */
  readonly ofBody?: true;
  readonly text?: string;
}

const FIELDS: readonly Field[] = [
  { name: 'Test-Header' }, { name: 'X-Test-Header' }, { name: 'Content-Foo' }, { name: 'X-Content-Foo' },
  { name: 'Cache-Control', before: 'max-age=2', after: 'max-age=3600' },
  { name: 'Connection', hop: true },
  { name: 'Content-Encoding', ofBody: true },
  { name: 'Content-Length', before: '7', after: '9', ofBody: true, text: 'seven 7' },
  { name: 'Content-Location', before: '/one', after: '/two' },
  { name: 'Content-MD5', before: 'Q2hlY2sgSW50ZWdyaXR5IQ==', after: 'Q2hlY2sgYWdhaW4gcGxlYXNl', ofBody: true },
  { name: 'Content-Range', ofBody: true },
  { name: 'Content-Security-Policy', before: "default-src 'none'", after: "default-src 'self'" },
  { name: 'Content-Type', before: 'text/plain', after: 'text/plain;charset=utf-8' },
  { name: 'Clear-Site-Data', before: '"cache"', after: '"cookies"' },
  { name: 'ETag', before: '"one"', after: '"two"', ofBody: true },
  { name: 'Expires', before: 'Sat, 01 Jan 2050 00:00:00 GMT', after: 'Sun, 02 Jan 2050 00:00:00 GMT' },
  { name: 'Keep-Alive', hop: true }, { name: 'Proxy-Authenticate', hop: true },
  { name: 'Proxy-Authentication-Info', hop: true }, { name: 'Proxy-Authorization', hop: true },
  { name: 'Proxy-Connection', hop: true },
  { name: 'Public-Key-Pins' },
  { name: 'Set-Cookie', before: 'a=1', after: 'a=2' }, { name: 'Set-Cookie2', before: 'a=1', after: 'a=2' },
  { name: 'TE', hop: true }, { name: 'Transfer-Encoding', hop: true }, { name: 'Upgrade', hop: true },
  { name: 'X-Frame-Options', before: 'DENY', after: 'SAMEORIGIN' },
  { name: 'X-XSS-Protection', before: '0', after: '1' },
]; // prettier-ignore

const valueOf = ({ name, before }: Field): string => before ?? `first-${name.toLowerCase()}`;
const newValueOf = ({ name, after }: Field): string => after ?? `second-${name.toLowerCase()}`;
const DATE = ['Date', 0] as const;

/** Which fields are stored, and which a 304 renews. */
export const fieldProbes: readonly Probe[] = [
  ...group('fields stored', 'must', [
    {
      id: 'field-named-in-connection',
      steps: [
        {
          fields: [
            DATE,
            ['Connection', 'X-One, X-Two'],
            ['X-One', '1'],
            ['X-Two', '2'],
            ['X-Three', '3'],
            ['Cache-Control', 'max-age=3600'],
          ],
          from: 'origin',
          wait: 3,
        },
        { from: 'store', has: [['X-Three', '3']], hasNot: ['X-One', 'X-Two'] },
      ],
    },
    ...FIELDS.map((field) => {
      const value = field.name === 'Cache-Control' ? newValueOf(field) : valueOf(field);
      const text: Partial<Step> = field.text === undefined ? {} : { text: field.text };
      const told: Partial<Step> = field.hop
        ? { hasNot: [[field.name, value]] }
        : { has: [[field.name, value]] };
      return {
        id: `field-${field.name}`,
        steps: [
          {
            fields: [
              DATE,
              [field.name, value],
              ...(field.name === 'Cache-Control' ? [] : [['Cache-Control', 'max-age=3600'] as const]),
            ],
            ...text,
            from: 'origin',
            wait: 3,
          },
          {
            from: 'store',
            ...text,
            ...told,
          },
        ] as const,
      };
    }),
  ]),
  ...group('fields after 304', 'must', [
    {
      id: '304-keeps-others',
      steps: [
        {
          fields: [
            DATE,
            ['Cache-Control', 'max-age=2'],
            ['Last-Modified', 'Mon, 01 Jan 2029 00:00:00 GMT'],
            ['X-Kept', '1'],
          ],
          from: 'origin',
          wait: 3,
        },
        {
          status: '304 Not Modified',
          fields: [DATE, ['Last-Modified', 'Mon, 01 Jan 2029 00:00:00 GMT']],
          from: 'validation',
          gets: 200,
          has: [['X-Kept', '1']],
          asked: [['If-Modified-Since', 'Mon, 01 Jan 2029 00:00:00 GMT']],
        },
      ],
    },
    ...FIELDS.filter(({ hop }) => hop !== true).map((field) => {
      const then = field.ofBody ? valueOf(field) : newValueOf(field);
      const rest = [
        ...(field.name === 'Cache-Control' ? [] : [['Cache-Control', 'max-age=2'] as const]),
        ...(field.name === 'ETag' ? [] : [['ETag', '"same"'] as const]),
      ];
      const text = field.text === undefined ? {} : { text: field.text };
      return {
        id: `304-${field.name}`,
        steps: [
          { fields: [DATE, [field.name, valueOf(field)], ...rest], ...text, from: 'origin', wait: 3 },
          {
            status: '304 Not Modified',
            fields: [DATE, [field.name, newValueOf(field)], ...rest],
            from: 'validation',
            gets: 200,
            has: [[field.name, then]],
          },
          { from: 'store', has: [[field.name, then]] },
        ] as const,
      };
    }),
  ]),
];
