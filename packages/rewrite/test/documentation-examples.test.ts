import { temporaryFolder } from '@highball/testkit';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Rule } from '../src/index.ts';
import { ask } from './support.ts';

const folder = await temporaryFolder();
afterAll(() => folder[Symbol.asyncDispose]());
const { path: root } = folder;
for (const name of ['wiki', 'first', 'second']) mkdirSync(join(root, name));
for (const file of ['foo.php', 'index.php', 'style.css', 'first/one.html', 'second/two.html'])
  writeFileSync(join(root, file), '');

/** What a request comes to: the address that the application gets, the Location, or the status. */
function result(rules: Rule[], address: string, fields: Record<string, string> = {}): string | undefined {
  const { asked, location, status } = ask(rules, address, fields, { root });
  return location === undefined ? (asked ?? status) : `${status.slice(0, 3)} ${location}`;
}

type Case = [address: string, expected: string, fields?: Record<string, string>];

/** The tasks of https://httpd.apache.org/docs/2.4/rewrite/remapping.html, access.html, avoid.html and flags.html. */
const apache: [name: string, rules: Rule[], cases: Case[]][] = [
  [
    'old to new, internally',
    [{ path: /^\/foo\.html$/, rewrite: '/bar.html' }],
    [
      ['/foo.html', '/bar.html'],
      ['/foo.htmlx', '/foo.htmlx'],
    ],
  ],
  [
    'old to new, externally',
    [{ path: '/foo.html', redirect: '/bar.html' }],
    [['/foo.html', '302 /bar.html']],
  ],
  [
    'a resource that moved to another server',
    [{ path: /^\/docs\/(.+)/, redirect: 'http://new.example.com/docs/{1}' }],
    [['/docs/a/b.html?c=d', '302 http://new.example.com/docs/a/b.html?c=d']],
  ],
  ['from static to dynamic', [{ path: '/foo.html', rewrite: '/foo.cgi' }], [['/foo.html', '/foo.cgi']]],
  [
    'another extension where there is such a file',
    [{ path: /^(.*)\.html$/, isFile: '{1}.php', rewrite: '{1}.php' }],
    [
      ['/foo.html', '/foo.php'],
      ['/none.html', '/none.html'],
    ],
  ],
  [
    'canonical host names',
    [
      {
        unless: [{ hosts: ['www.example.com'] }, { hosts: [''] }],
        redirect: 'http://www.example.com{$path}',
        status: 301,
      },
    ],
    [
      ['/a', '301 http://www.example.com/a', { HTTP_HOST: 'example.com' }],
      ['/a', '/a'],
      ['/a', '/a', { HTTP_HOST: '' }],
    ],
  ],
  [
    'pages in more than one folder',
    [
      { path: /^\/(.+)/, isFile: '/first/{1}', rewrite: '/first/{1}', flag: 'break' },
      { path: /^\/(.+)/, isFile: '/second/{1}', rewrite: '/second/{1}', flag: 'break' },
    ],
    [
      ['/one.html', '/first/one.html'],
      ['/two.html', '/second/two.html'],
      ['/three.html', '/three.html'],
    ],
  ],
  [
    'canonical addresses',
    [{ path: /^\/~([^/]+)\/?(.*)/, redirect: '/u/{1}/{2}' }],
    [['/~quux/x', '302 /u/quux/x']],
  ],
  [
    'a slash where a name ends',
    [{ path: /^\/(?<kind>[uge])\/(?<name>[^/]+)$/, redirect: '/{kind}/{name}/' }],
    [['/u/quux', '302 /u/quux/']],
  ],
  [
    'a document root that moved',
    [{ path: '/', redirect: '/about/' }],
    [
      ['/', '302 /about/'],
      ['/x', '/x'],
    ],
  ],
  [
    'one resource for all that is not there',
    [{ unless: [{ isFile: '{$path}' }, { isFolder: '{$path}' }], rewrite: '/index.php' }],
    [
      ['/style.css', '/style.css'],
      ['/wiki', '/wiki'],
      ['/any/thing?a=b', '/index.php?a=b'],
    ],
  ],
  [
    'content by browser',
    [
      { path: '/foo.html', headers: { 'User-Agent': /^Mozilla\/3/ }, rewrite: '/foo.NS.html' },
      { path: '/foo.html', headers: { 'User-Agent': /^Lynx\// }, rewrite: '/foo.20.html' },
      { path: '/foo.html', rewrite: '/foo.32.html' },
    ],
    [
      ['/foo.html', '/foo.NS.html', { HTTP_USER_AGENT: 'Mozilla/3.0' }],
      ['/foo.html', '/foo.20.html', { HTTP_USER_AGENT: 'Lynx/2' }],
      ['/foo.html', '/foo.32.html', { HTTP_USER_AGENT: 'x' }],
    ],
  ],
  [
    'no images for other sites',
    [
      {
        path: /\.(?:jpg|gif|png)$/i,
        headers: { Referer: true },
        unless: { headers: { Referer: /^https?:\/\/www\.example\.com(?:\/|$)/ } },
        refuse: 403,
      },
    ],
    [
      ['/a.png', '403 Forbidden', { HTTP_REFERER: 'http://evil.example/' }],
      ['/a.png', '/a.png', { HTTP_REFERER: 'http://www.example.com/' }],
      ['/a.png', '/a.png'],
    ],
  ],
  [
    'no robots',
    [{ path: /^\/secret\/files\//, headers: { 'User-Agent': /^NameOfBadRobot/ }, refuse: 403 }],
    [
      ['/secret/files/x', '403 Forbidden', { HTTP_USER_AGENT: 'NameOfBadRobot/1' }],
      ['/other', '/other', { HTTP_USER_AGENT: 'NameOfBadRobot/1' }],
    ],
  ],
  ['what is gone (G)', [{ path: /^\/oldproduct/, refuse: 410 }], [['/oldproduct/1', '410 Gone']]],
  [
    'a query that becomes a path',
    [{ path: '/path', query: { var: /^(?<val>[^/]+)$/ }, redirect: '/path/{val}', queryPolicy: 'replace' }],
    [
      ['/path?var=val', '302 /path/val'],
      ['/path/val', '/path/val'],
    ],
  ],
  [
    'a query that is extended (QSA)',
    [{ path: /^\/pages\/(.+)/, rewrite: '/page.php?page={1}' }],
    [['/pages/123?one=two', '/page.php?page=123&one=two']],
  ],
  [
    'a query that is replaced',
    [{ path: /^\/pages\/(.+)/, rewrite: '/page.php?page={1}', queryPolicy: 'replace' }],
    [['/pages/123?one=two', '/page.php?page=123']],
  ],
  [
    'a query that is dropped (QSD)',
    [{ path: '/old', redirect: '/new', queryPolicy: 'replace' }],
    [['/old?a=b', '302 /new']],
  ],
  [
    'virtual hosts by name',
    [{ hosts: [/^(?<user>[a-z]+)\.users\.example$/], rewrite: '/home/{user}{$path}' }],
    [['/x.html', '/home/jo/x.html', { HTTP_HOST: 'jo.users.example' }]],
  ],
];

/** The examples of https://nginx.org/en/docs/http/ngx_http_rewrite_module.html and converting_rewrite_rules.html. */
const nginx: typeof apache = [
  [
    'media by folder',
    [
      { path: /^(\/download\/.*)\/media\/(.*)\..*$/, rewrite: '{1}/mp3/{2}.mp3', flag: 'break' },
      { path: /^(\/download\/.*)\/audio\/(.*)\..*$/, rewrite: '{1}/mp3/{2}.ra', flag: 'break' },
      { path: /^\/download\//, refuse: 403 },
    ],
    [
      ['/download/cdn/media/file.flv', '/download/cdn/mp3/file.mp3'],
      ['/download/cdn/audio/file.flv', '/download/cdn/mp3/file.ra'],
      ['/download/x', '403 Forbidden'],
      ['/x', '/x'],
    ],
  ],
  [
    'last, where the rules must not meet the address again',
    [{ path: /^\/users\/(.*)$/, rewrite: '/show?user={1}', queryPolicy: 'replace', flag: 'last' }],
    [['/users/joe?x=1', '/show?user=joe']],
  ],
  [
    'by browser',
    [{ headers: { 'User-Agent': /MSIE/ }, path: /^(.*)$/, rewrite: '/msie/{1}', flag: 'break' }],
    [
      ['/a', '/msie//a', { HTTP_USER_AGENT: 'MSIE' }],
      ['/a', '/a'],
    ],
  ],
  [
    'by cookie',
    [{ headers: { Cookie: /id=(?<id>[^;]+)(?:;|$)/ }, rewrite: '/client/{id}{$path}' }],
    [['/a', '/client/7/a', { HTTP_COOKIE: 'x=y; id=7' }]],
  ],
  [
    'by method',
    [{ methods: ['POST'], refuse: 405, allow: ['GET', 'HEAD'] }],
    [
      ['/a', '405 Method Not Allowed', { REQUEST_METHOD: 'POST' }],
      ['/a', '/a'],
    ],
  ],
  [
    'one host name',
    [{ hosts: ['www.example.org'], redirect: '{$scheme}://example.org{$path}', status: 301 }],
    [
      ['/a?b=c', '301 http://example.org/a?b=c', { HTTP_HOST: 'www.example.org' }],
      ['/a', '/a', { HTTP_HOST: 'example.org' }],
    ],
  ],
  [
    'a front controller',
    [
      {
        unless: [{ isFile: '{$path}' }, { isFolder: '{$path}' }],
        path: /^(.+)$/,
        rewrite: '/index.php?q={1}',
        flag: 'last',
      },
    ],
    [
      ['/style.css', '/style.css'],
      ['/a/b', '/index.php?q=/a/b'],
    ],
  ],
  [
    'mongrel',
    [
      { isFile: '{$path}', rewrite: '{$path}', flag: 'break' },
      { path: '/', rewrite: '/index.html', flag: 'break' },
    ],
    [
      ['/style.css', '/style.css'],
      ['/', '/index.html'],
    ],
  ],
];

describe.each([
  ['Apache', apache],
  ['nginx', nginx],
] as const)('%s', (_, tasks) => {
  describe.each(tasks.map(([name, rules, cases]) => ({ name, rules, cases })))(
    '$name',
    ({ rules, cases }) => {
      test.each(cases)('%s → %s', (address, expected, fields) => {
        expect(result(rules, address, fields)).toBe(expected);
      });
    },
  );
});
