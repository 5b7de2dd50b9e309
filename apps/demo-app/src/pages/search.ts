import type { Environ } from '@highball/gateway-protocol';
import { html } from '../html.ts';
import { type Answer, page, queryOf } from '../http.ts';
import { layout } from '../layout.ts';
import type { Store } from '../store.ts';
import { card } from './list.ts';

/** What is looked for: so much of it. */
const MAX_CHARACTERS = 100;
const MAX_WORDS = 8;

/** The posts that have every word of a query somewhere. */
export function searchPosts(store: Store, environ: Environ): Answer {
  const query = (queryOf(environ).get('q') ?? '').trim().slice(0, MAX_CHARACTERS);
  const posts = store.search(query.split(/\s+/).filter(Boolean).slice(0, MAX_WORDS));
  const count = posts.length === 1 ? '1 post' : `${posts.length || 'No'} posts`;
  const content = html`<h1 class="page">Search</h1>
    <p class="lead">
      ${query === '' ? 'Type a word into the search field above.' : html`${count} with <q>${query}</q>`}
    </p>
    <ol class="cards">
      ${posts.map((post) => card(post))}
    </ol>`;
  return page(layout({ title: query === '' ? 'Search' : `Search: ${query}`, query, content }));
}
