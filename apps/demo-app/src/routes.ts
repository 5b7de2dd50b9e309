import type { Environ } from '@highball/gateway-protocol';
import { get, post, type Route, type RouterOptions } from '@highball/router';
import { type Answer, answering, HttpError, queryOf } from './http.ts';
import { aboutRequest } from './pages/about.ts';
import { listPeriod, listPosts } from './pages/list.ts';
import { addPicture, listPictures, showPicture } from './pages/pictures.ts';
import { addComment, showPost } from './pages/post.ts';
import { searchPosts } from './pages/search.ts';
import { liveReaders } from './readers.ts';
import type { Store } from './store.ts';

/** The addresses of the blog. `/Blogs/Posts` is what the clean ones (/blogs/2006/12/10/) are rewritten to. */
export function routesOf(store: Store): readonly Route[] {
  return [
    get(
      '/',
      answering(() => listPosts(store)),
    ),
    get(
      '/Blogs/Posts',
      answering((environ) => showPeriod(store, periodOf(environ))),
    ),
    post(
      '/Blogs/Posts',
      answering((environ) => addComment(store, environ, periodOf(environ))),
    ),
    get(
      '/search',
      answering((environ) => searchPosts(store, environ)),
    ),
    get(
      '/pictures',
      answering(() => listPictures(store)),
    ),
    post(
      '/pictures',
      answering((environ) => addPicture(store, environ)),
    ),
    get(
      '/pictures/:name',
      answering((_environ, { name }) => showPicture(store, name)),
    ),
    get(
      '/about',
      answering((environ) => aboutRequest(environ)),
    ),
    get('/readers', liveReaders(store)),
  ];
}

/** What the blog says where it has no page: an error, of which a page is made. */
export const missing: RouterOptions = {
  notFound() {
    throw new HttpError('404 Not Found', 'There is nothing at this address.');
  },
  badRequest() {
    throw new HttpError('400 Bad Request', 'The address is not readable text.');
  },
  methodNotAllowed(_environ, _startResponse, allowed) {
    const methods = allowed.join(', ');
    throw new HttpError('405 Method Not Allowed', `This address knows ${methods} only.`, [
      ['Allow', methods],
    ]);
  },
};

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
