import type { Application, Middleware } from '@highball/gateway-protocol';
import { router } from '@highball/router';
import { join } from 'node:path';
import { html } from './html.ts';
import { type Answer, give, HttpError, page } from './http.ts';
import { layout } from './layout.ts';
import { missing, routesOf } from './routes.ts';
import { Store } from './store.ts';

/** The blog, on the data of one folder. */
export function createBlog(folder: string): Application {
  return errorPages(router(routesOf(new Store(folder)), missing));
}

/** Makes pages of the errors that are a reader's to see. */
const errorPages: Middleware = (app) => async (environ, startResponse) => {
  try {
    return await app(environ, startResponse);
  } catch (error) {
    if (error instanceof HttpError) return give(errorPage(error), startResponse);
    // Not ours to answer: the server logs the stack and says 500.
    throw error;
  }
};

export default createBlog(process.env['DEMO_DATA'] ?? join(import.meta.dirname, '../data'));

function errorPage({ status, message, headers }: HttpError): Answer {
  const [code, reason] = [status.slice(0, 3), status.slice(4)];
  const content = html`<section class="error">
    <p class="code" aria-hidden="true">${code}</p>
    <h1>${reason}</h1>
    <p class="lead">${message}</p>
    <p><a class="button" href="/">To the posts</a></p>
  </section>`;
  const answer = page(layout({ title: reason, content }), status);
  return { ...answer, headers: [...answer.headers, ...headers] };
}
