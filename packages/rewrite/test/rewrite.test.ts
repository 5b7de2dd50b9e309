import type { Application } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { rewrite, type Rule } from '../src/index.ts';
import { ask, environOf } from './support.ts';

describe('a rewrite', () => {
  test('gives the application another address, in all three keys, and keeps the old one', () => {
    const { asked, environ } = ask(
      [{ path: '/blogs/:year/', rewrite: '/Posts?Year={year}' }],
      '/blogs/2006/',
    );
    expect(asked).toBe('/Posts?Year=2006');
    expect(environ.RAW_URI).toBe('/Posts?Year=2006');
    expect(environ['highball.original_uri']).toBe('/blogs/2006/');
    expect(environ['highball.rule']).toBe('rules[0]');
  });

  test('leaves the environ that came, and requests that no rule is for, as they are', () => {
    const environ = environOf('/other');
    let seen: unknown;
    void rewrite([{ path: '/old', rewrite: '/new' }])((given) => {
      seen = given;
      return [];
    })(environ, () => () => undefined);
    expect(seen).toBe(environ);
    expect('highball.rule' in environ).toBe(false);
    void rewrite([{ path: '/other', rewrite: '/new' }])(() => [])(environ, () => () => undefined);
    expect(environ.PATH_INFO).toBe('/other');
  });

  test('goes on with the rules below, which see the new address', () => {
    const rules: Rule[] = [
      { path: '/c', rewrite: '/never' },
      { path: '/a', rewrite: '/b' },
      { path: '/b', rewrite: '/c' },
    ];
    expect(ask(rules, '/a')).toMatchObject({
      asked: '/c',
      environ: { 'highball.rule': 'rules[1], rules[2]', 'highball.original_uri': '/a' },
    });
  });

  test('with the flag break goes to the application at once', () => {
    const rules: Rule[] = [
      { path: '/a', rewrite: '/b', flag: 'break' },
      { path: '/b', rewrite: '/c' },
    ];
    expect(ask(rules, '/a').asked).toBe('/b');
  });

  test('with the flag last starts all rules anew', () => {
    const rules: Rule[] = [
      { path: '/b', rewrite: '/c' },
      { path: '/a', rewrite: '/b', flag: 'last' },
      { path: '/b', rewrite: '/never' },
    ];
    expect(ask(rules, '/a').asked).toBe('/c');
  });

  test.each([
    ['twice the same address', [{ path: '/*rest', rewrite: '/x/{rest}', flag: 'last' }], 10],
    ['ever longer ones', [{ path: /^(.*)$/, rewrite: '{1}/more', flag: 'last' }], 10],
    [
      'each other',
      [
        { path: '/a', rewrite: '/b', flag: 'last' },
        { path: '/b', rewrite: '/a', flag: 'last' },
      ],
      3,
    ],
  ] as [string, Rule[], number][])('that leads to %s is a loop', (_, rules, most) => {
    expect(() => ask(rules, '/a')).toThrow(/^rewrite rules loop: .+ → .+/);
    expect(rewrite(rules).explain(environOf('/a'))).toMatchObject({ outcome: 'loop' });
    expect(rewrite(rules).explain(environOf('/a')).steps.length).toBeLessThanOrEqual(2 * most + 2);
  });

  test('may start anew ten times, or as often as one says', () => {
    const rules: Rule[] = [{ path: /^\/(a+)b(b*)$/, rewrite: '/{1}a{2}', flag: 'last' }];
    expect(ask(rules, `/a${'b'.repeat(10)}`).asked).toBe('/aaaaaaaaaaa');
    expect(() => ask(rules, `/a${'b'.repeat(11)}`)).toThrow('loop');
    expect(() => ask(rules, '/abb', {}, { maxRestarts: 1 })).toThrow('loop');
  });

  test.each([
    ['extend', '/new?q={id}', '/new?q=7&x=1'],
    ['extend', '/new', '/new?x=1'],
    ['replace', '/new?q={id}', '/new?q=7'],
    ['replace', '/new', '/new'],
    ['keep', '/new', '/new?x=1'],
  ] as const)('with the policy %s makes %s %s', (queryPolicy, to, expected) => {
    expect(ask([{ path: '/:id', rewrite: to, queryPolicy }], '/7?x=1').asked).toBe(expected);
  });

  test('extends the query when nothing is said', () => {
    expect(ask([{ path: '/:id', rewrite: '/new?q={id}' }], '/7?x=1').asked).toBe('/new?q=7&x=1');
  });

  test.each([
    ['/a%3Fb', '/new/a?b', '/new/a%3Fb'],
    ['/a%26b', '/new/a&b', '/new/a%26b'],
    ['/%C3%A4', '/new/Ã¤', '/new/%C3%A4'],
    ['/%E4', '/new/ä', '/new/%e4'],
    ['/a%25b', '/new/a%b', '/new/a%25b'],
  ])('escapes what it captured in %s', (address, path, raw) => {
    const { environ } = ask([{ path: '/*rest', rewrite: '/new/{rest}' }], address);
    expect(environ.PATH_INFO).toBe(path);
    expect(environ.QUERY_STRING).toBe('');
    expect(environ.RAW_URI).toBe(raw);
  });

  test('cannot be made to add a parameter', () => {
    const { environ } = ask([{ path: '/users/:name', rewrite: '/show?user={name}' }], '/users/a%26admin=1');
    expect(environ.QUERY_STRING).toBe('user=a%26admin%3D1');
  });

  test('works below a mount point', () => {
    const fields = { SCRIPT_NAME: '/my app', RAW_URI: '/my%20app/old' };
    const rules: Rule[] = [{ path: '/old', rewrite: '/new' }];
    expect(ask(rules, '/old', fields).environ).toMatchObject({
      SCRIPT_NAME: '/my app',
      PATH_INFO: '/new',
      RAW_URI: '/my%20app/new',
      'highball.original_uri': '/my%20app/old',
    });
    expect(ask([{ path: '/old', redirect: '/new' }], '/old', fields).location).toBe('/my%20app/new');
  });
});

describe('a redirect', () => {
  test.each([301, 302, 303, 307, 308] as const)('answers %i with a Location', (status) => {
    const answer = ask([{ path: '/old/:id', redirect: '/new/{id}', status }], '/old/7?x=1');
    expect(answer.status).toMatch(new RegExp(`^${status} [A-Z]`));
    expect(answer.location).toBe('/new/7?x=1');
    expect(answer.asked).toBeUndefined();
  });

  test('is 302 when nothing is said', () => {
    expect(ask([{ redirect: 'https://example.org/' }], '/').status).toBe('302 Found');
  });

  test.each(['//evil.example', '/%5Cevil.example', '/%2F%2Fevil.example', '///evil.example/x'])(
    'to a path stays on this host, also for %s',
    (address) => {
      const { location } = ask([{ path: /^(?<all>.*)$/, redirect: '{all}/' }], address);
      expect(location).toMatch(/^\/(?![/\\])/);
    },
  );

  test('cannot be given a host that is none', () => {
    const rules: Rule[] = [{ scheme: 'http', redirect: 'https://{$host}{$path}', status: 301 }];
    expect(ask(rules, '/a b', { HTTP_HOST: 'www.example.com:8080' }).location).toBe(
      'https://www.example.com/a%20b',
    );
    expect(ask(rules, '/', { HTTP_HOST: 'evil.example/x?' }).location).toBe('https:///');
    expect(ask(rules, '/', { HTTP_HOST: '[2001:db8::1]:80' }).location).toBe('https://[2001:db8::1]/');
  });

  test('to the address that was asked for does not fire', () => {
    const rules: Rule[] = [{ path: '/*rest', redirect: '/home' }];
    expect(ask(rules, '/a').location).toBe('/home');
    expect(ask(rules, '/home').asked).toBe('/home');
    expect(ask([{ redirect: 'http://www.example.com/x' }], '/x').asked).toBe('/x');
  });

  test('knows the address that the client asked for, not the one that rules made of it', () => {
    // The dynamic address leads to the clean one, which is served from the dynamic page.
    const rules: Rule[] = [
      { path: '/posts/:year/', rewrite: '/Posts?Year={year}', flag: 'last' },
      {
        path: '/Posts',
        query: { Year: /^(?<year>\d+)$/ },
        redirect: '/posts/{year}/',
        queryPolicy: 'replace',
      },
    ];
    expect(ask(rules, '/Posts?Year=2006').location).toBe('/posts/2006/');
    expect(ask(rules, '/posts/2006/').asked).toBe('/Posts?Year=2006');
  });
});

test.each([
  [403, '403 Forbidden'],
  [404, '404 Not Found'],
  [410, '410 Gone'],
] as const)('a refusal answers %i', (refuse, status) => {
  expect(ask([{ path: '/secret', refuse }], '/secret')).toMatchObject({ status, asked: undefined });
});

test('a refusal of the method says which there are', () => {
  const rules: Rule[] = [{ unless: { methods: ['GET', 'HEAD'] }, refuse: 405, allow: ['GET', 'HEAD'] }];
  expect(ask(rules, '/', { REQUEST_METHOD: 'PUT' })).toMatchObject({
    status: '405 Method Not Allowed',
    headers: expect.arrayContaining([['Allow', 'GET, HEAD']]) as unknown,
  });
  expect(ask(rules, '/').asked).toBe('/');
});

describe('an answer', () => {
  const tell: Application = (environ, startResponse) => {
    startResponse('200 OK', [['Asked', environ.RAW_URI ?? '']]);
    return [];
  };

  test('comes from the application of the first rule that is for the request', () => {
    const rules: Rule[] = [
      { path: '/a', answer: tell },
      { path: '/a', refuse: 410 },
    ];
    expect(ask(rules, '/a')).toMatchObject({ headers: [['Asked', '/a']], asked: undefined });
    expect(ask(rules, '/b').asked).toBe('/b');
  });

  test('behind a rewrite sees the new address, and no rule below is asked', () => {
    const rules: Rule[] = [
      { path: '/:id', rewrite: '/show?id={id}', answer: tell },
      { path: '/show', refuse: 410 },
    ];
    expect(ask(rules, '/7')).toMatchObject({ headers: [['Asked', '/show?id=7']], asked: undefined });
    expect(rewrite(rules).explain(environOf('/7'))).toMatchObject({
      outcome: 'answer',
      address: '/show?id=7',
    });
  });

  test('of a rule that stands alone and is for all requests is the application itself', () => {
    expect(rewrite([{ answer: tell }])(() => [])).toBe(tell);
    expect(rewrite([{ path: '/a', answer: tell }])(() => [])).not.toBe(tell);
    expect(rewrite([{ answer: tell }, { refuse: 403 }])(() => [])).not.toBe(tell);
  });

  test('is given the very environ that came, with nothing but the name of the rule put in', () => {
    let given: unknown;
    const environ = environOf('/files/a');
    const keep: Application = (its) => {
      given = its;
      return [];
    };
    const rules: Rule[] = [
      { path: '/b', refuse: 410 },
      { path: '/files/*rest', answer: keep },
    ];
    void rewrite(rules)(() => [])(environ, () => () => undefined);
    expect(given).toBe(environ);
    expect(environ).toEqual({ ...environOf('/files/a'), 'highball.rule': 'rules[1]' });
  });
});

describe('the name of the rule', () => {
  test('is told to those in front as well, who hold the environ that came', () => {
    const environ = environOf('/a');
    void rewrite([{ path: '/a', rewrite: '/b' }])(() => [])(environ, () => () => undefined);
    expect(environ).toMatchObject({ PATH_INFO: '/a', 'highball.rule': 'rules[0]' });
  });

  test('stands behind those of rules in front', () => {
    const rules = rewrite([{ name: 'outer', rewrite: '/b' }], {});
    const inner = rewrite([{ path: '/b', refuse: 404 }], { listName: 'inner' });
    const environ = environOf('/a');
    let seen: unknown;
    const app = rules((its, startResponse) => {
      void inner(() => [])(its, startResponse);
      seen = its['highball.rule'];
      return [];
    });
    void app(environ, () => () => undefined);
    expect(seen).toBe('outer, inner[0]');
  });
});

describe('explain', () => {
  const rules: Rule[] = [
    { name: 'no robots', headers: { 'User-Agent': /Robot/ }, refuse: 403 },
    { path: '/old', rewrite: '/new?a=1' },
    { path: '/new', query: { a: '1' }, redirect: '/there', status: 308, queryPolicy: 'replace' },
  ];

  test('names each rule, what it saw, and what it did or which condition did not hold', () => {
    expect(rewrite(rules).explain(environOf('/old'))).toEqual({
      steps: [
        { rule: 'no robots', address: '/old', failed: 'headers.User-Agent' },
        { rule: 'rules[1]', address: '/old', action: 'rewrite', to: '/new?a=1' },
        { rule: 'rules[2]', address: '/new?a=1', action: 'redirect', to: '/there', status: 308 },
      ],
      outcome: 'redirect',
      address: '/there',
    });
  });

  test('tells of refusals, of requests that pass, and of redirects that lead to themselves', () => {
    const { explain } = rewrite([...rules, { path: '/here', redirect: '/here' }]);
    expect(explain(environOf('/', { HTTP_USER_AGENT: 'Robot' }))).toMatchObject({
      steps: [{ rule: 'no robots', action: 'refuse', status: 403 }],
      outcome: 'refuse',
    });
    const passed = explain(environOf('/here?x=1'));
    expect(passed).toMatchObject({ outcome: 'pass', address: '/here?x=1' });
    expect(explain(environOf('/here')).steps.at(-1)).toEqual({
      rule: 'rules[3]',
      address: '/here',
      failed: 'the redirect leads to itself',
    });
  });
});
