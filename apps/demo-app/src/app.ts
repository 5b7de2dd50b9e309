import type { Application, Environ } from '@highball/gateway-protocol';
import { join } from 'node:path';
import { html } from './html.ts';
import { type Answer, answering, HttpError, json, page, pathOf, queryOf } from './http.ts';
import { layout } from './layout.ts';
import { aboutRequest } from './pages/about.ts';
import { addPicture, listPictures, showPicture } from './pages/pictures.ts';
import { addComment, listPosts, searchPosts, showPost } from './pages/posts.ts';
import { Store } from './store.ts';

type Page = (environ: Environ, store: Store) => Answer | Promise<Answer>;

/** What each address answers, by method. HEAD is answered like GET; the server leaves out the body. */
const pages: Readonly<Record<string, { GET?: Page; POST?: Page }>> = {
  '/': { GET: (_, store) => listPosts(store) },
  // What the clean addresses (/blogs/2006/12/10/) are rewritten to.
  '/Blogs/Posts': {
    GET: (environ, store) => showPeriod(store, periodOf(environ)),
    POST: (environ, store) => addComment(store, environ, periodOf(environ)),
  },
  '/search': { GET: (environ, store) => searchPosts(store, environ) },
  '/pictures': {
    GET: (_, store) => listPictures(store),
    POST: (environ, store) => addPicture(store, environ),
  },
  '/about': { GET: (environ) => aboutRequest(environ) },
  '/readers': { GET: (environ, store) => countReaders(store, environ) },
};

/** The blog, on the data of one folder. */
export function createBlog(folder: string): Application {
  const store = new Store(folder);
  return answering(async (environ) => {
    try {
      return await answerPage(environ, store);
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      return errorPage(error);
    }
  });
}

export default createBlog(process.env['DEMO_DATA'] ?? join(import.meta.dirname, '../data'));

function answerPage(environ: Environ, store: Store): Answer | Promise<Answer> {
  const path = pathOf(environ);
  const { REQUEST_METHOD: method } = environ;
  const picture = /^\/pictures\/([\w-]+\.\w+)$/.exec(path)?.[1];
  const found = picture === undefined ? ownEntry(path) : { GET: () => showPicture(store, picture) };
  if (found === undefined) throw new HttpError('404 Not Found', 'There is nothing at this address.');
  const page = found[method === 'HEAD' ? 'GET' : (method as 'GET' | 'POST')];
  if (page !== undefined && Object.hasOwn(found, method === 'HEAD' ? 'GET' : method))
    return page(environ, store);
  const allowed = Object.keys(found).flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : [name]));
  throw new HttpError('405 Method Not Allowed', `Nobody can ${method} this.`, [
    ['Allow', allowed.join(', ')],
  ]);
}

function ownEntry(path: string): { GET?: Page; POST?: Page } | undefined {
  return Object.hasOwn(pages, path) ? pages[path] : undefined;
}

/** `2006`, `2006-12` or `2006-12-10`, of the parameters Year, Month and Day. */
function periodOf(environ: Environ): string {
  const query = queryOf(environ);
  const parts = ['Year', 'Month', 'Day'].map((name) => query.get(name) ?? '');
  const period = parts
    .filter(Boolean)
    .map((part) => part.padStart(2, '0'))
    .join('-');
  if (/^\d{4}(-\d{2}(-\d{2})?)?$/.test(period)) return period;
  throw new HttpError('400 Bad Request', 'A day is asked for by Year, Month and Day, in digits.');
}

function showPeriod(store: Store, period: string): Answer {
  return period.length === '2006-12-10'.length ? showPost(store, period) : listPosts(store, period);
}

function countReaders(store: Store, environ: Environ): Answer {
  const reader = queryOf(environ).get('reader') ?? '';
  if (!/^[\w-]{8,64}$/.test(reader))
    throw new HttpError('400 Bad Request', 'A reader is 8 to 64 letters and digits.');
  return json({ readers: store.countReaders(reader) });
}

function errorPage({ status, message, headers }: HttpError): Answer {
  const content = html`<section class="error">
    <p class="code">${status.slice(0, 3)}</p>
    <h1>${status.slice(4)}</h1>
    <p class="lead">${message}</p>
    <p><a class="button" href="/">To the posts</a></p>
  </section>`;
  const answer = page(layout({ title: status.slice(4), content }), status);
  return { ...answer, headers: [...answer.headers, ...headers] };
}
