import type { Application } from '@highball/gateway-protocol';
import { join } from 'node:path';
import { html } from './html.ts';
import { type Answer, answering, HttpError, page, pathOf } from './http.ts';
import { layout } from './layout.ts';
import { route } from './routes.ts';
import { Store } from './store.ts';

/** The blog, on the data of one folder. */
export function createBlog(folder: string): Application {
  const store = new Store(folder);
  return answering(async (environ) => {
    try {
      return await route(pathOf(environ), environ, store);
    } catch (error) {
      if (error instanceof HttpError) return errorPage(error);
      // Not ours to answer: the server logs the stack and says 500.
      throw error;
    }
  });
}

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
