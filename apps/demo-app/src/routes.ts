import type { Environ } from '@highball/gateway-protocol';
import { type Answer, HttpError, json, queryOf } from './http.ts';
import { aboutRequest } from './pages/about.ts';
import { listPeriod, listPosts } from './pages/list.ts';
import { addPicture, listPictures, showPicture } from './pages/pictures.ts';
import { addComment, showPost } from './pages/post.ts';
import { searchPosts } from './pages/search.ts';
import type { Store } from './store.ts';

type Page = (environ: Environ, store: Store, name: string) => Answer | Promise<Answer>;

/** What an address answers, by method; HEAD is answered like GET, and the server leaves out the body. */
type Route = readonly [path: RegExp, pages: Readonly<Partial<Record<string, Page>>>];

const routes: readonly Route[] = [
  [/^\/$/, { GET: (_, store) => listPosts(store) }],
  // What the clean addresses (/blogs/2006/12/10/) are rewritten to.
  [
    /^\/Blogs\/Posts$/,
    {
      GET: (environ, store) => showPeriod(store, periodOf(environ)),
      POST: (environ, store) => addComment(store, environ, periodOf(environ)),
    },
  ],
  [/^\/search$/, { GET: (environ, store) => searchPosts(store, environ) }],
  [
    /^\/pictures$/,
    { GET: (_, store) => listPictures(store), POST: (environ, store) => addPicture(store, environ) },
  ],
  [/^\/pictures\/([\w-]+\.\w+)$/, { GET: (_, store, name) => showPicture(store, name) }],
  [/^\/about$/, { GET: (environ) => aboutRequest(environ) }],
  [/^\/readers$/, { GET: (environ, store) => countReaders(store, environ) }],
];

/** Answers with the first route that has the path. @throws HttpError 404, 405, and what a page throws */
export function route(path: string, environ: Environ, store: Store): Answer | Promise<Answer> {
  for (const [pattern, pages] of routes) {
    const match = pattern.exec(path);
    if (match) return pageFor(environ.REQUEST_METHOD, pages)(environ, store, match[1] ?? '');
  }
  throw new HttpError('404 Not Found', 'There is nothing at this address.');
}

function pageFor(method: string, pages: Route[1]): Page {
  const name = method === 'HEAD' ? 'GET' : method;
  const page = Object.hasOwn(pages, name) ? pages[name] : undefined;
  if (page !== undefined) return page;
  const allowed = Object.keys(pages).flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : [name]));
  const headers: [string, string][] = [['Allow', allowed.join(', ')]];
  throw new HttpError('405 Method Not Allowed', `This address knows ${allowed.join(', ')} only.`, headers);
}

/** `2006`, `2006-12` or `2006-12-10`, of the parameters Year, Month and Day. */
function periodOf(environ: Environ): string {
  const query = queryOf(environ);
  const [year = '', ...rest] = ['Year', 'Month', 'Day'].map((name) => query.get(name) ?? '');
  const isWhole = /^\d{4}$/.test(year) && rest.every((part) => /^\d{0,2}$/.test(part));
  if (!isWhole || (rest[0] === '' && rest[1] !== '')) {
    throw new HttpError('400 Bad Request', 'A day is asked for by Year, Month and Day, in digits.');
  }
  return [year, ...rest.filter(Boolean).map((part) => part.padStart(2, '0'))].join('-');
}

function showPeriod(store: Store, period: string): Answer {
  return period.length === '2006-12-10'.length ? showPost(store, period) : listPeriod(store, period);
}

/** Where every page of a reader tells from time to time that it is still open. */
function countReaders(store: Store, environ: Environ): Answer {
  const reader = queryOf(environ).get('reader') ?? '';
  if (!/^[\w-]{8,64}$/.test(reader)) {
    throw new HttpError('400 Bad Request', 'A reader is 8 to 64 letters and digits.');
  }
  return json({ readers: store.countReaders(reader) });
}
