import { addressOf, isPeriod, nameOf } from '../address.ts';
import { type Html, html } from '../html.ts';
import { type Answer, HttpError, page } from '../http.ts';
import { layout } from '../layout.ts';
import type { Post, Store } from '../store.ts';

/** The home page: all posts, the newest at the top. */
export function listPosts(store: Store): Answer {
  const posts = store.posts();
  const content = html`<div class="intro">
      <h1 class="page">Notes on serving the web</h1>
      <p class="lead">
        How a program on somebody’s desk becomes a site that strangers rely on. Short, and best taken with
        ice.
      </p>
    </div>
    <ol class="cards">
      ${posts.map((post, index) => card(post, index === 0))}
    </ol>
    ${years(posts)}`;
  const description = 'Short notes on putting web applications into production.';
  return page(
    layout({ title: 'Notes on serving the web', description, canonical: '/', current: '/', content }),
  );
}

/** What was written in a year or a month. */
export function listPeriod(store: Store, period: string): Answer {
  const posts = isPeriod(period) ? store.posts(period) : [];
  if (posts.length === 0) throw new HttpError('404 Not Found', 'Nothing was written then.');
  const heading = `Written in ${nameOf(period)}`;
  const content = html`<h1 class="page">${heading}</h1>
    <ol class="cards">
      ${posts.map((post) => card(post, posts.length === 1))}
    </ol>
    ${years(store.posts())}`;
  return page(layout({ title: heading, canonical: addressOf(period), content }));
}

/** A post in a list; the lead is shown larger. */
export function card(post: Post, isLead = false): Html {
  return html`<li class="card ${isLead && 'lead-card'}">
    <img
      src="/static/img/${post.picture}"
      alt=""
      width="960"
      height="540"
      ${!isLead && html`loading="lazy"`}
    />
    <div>
      <p class="date"><time datetime="${post.day}">${nameOf(post.day)}</time></p>
      <h2><a href="${addressOf(post.day)}">${post.title}</a></h2>
      <p>${post.text.split('\n\n', 1)}</p>
    </div>
  </li>`;
}

/** Links to each year that has posts. */
function years(posts: readonly Post[]): Html {
  const all = new Set(posts.map(({ day }) => day.slice(0, 4)));
  return html`<nav class="years" aria-label="By year">
    ${[...all].map((year) => html`<a href="${addressOf(year)}">${year}</a>`)}
  </nav>`;
}
