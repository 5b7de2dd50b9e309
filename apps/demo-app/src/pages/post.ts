import type { Environ } from '@highball/gateway-protocol';
import { addressOf, isPeriod, nameOf } from '../address.ts';
import { checkOrigin, lineOf, readForm, textOf } from '../forms.ts';
import { type Html, html } from '../html.ts';
import { type Answer, HttpError, page, seeOther } from '../http.ts';
import { layout } from '../layout.ts';
import type { Post, Store } from '../store.ts';
import { commentSection, type Draft, problemOf } from './comments.ts';

/** One post and what was said about it. */
export function showPost(store: Store, day: string): Answer {
  return page(postPage(store, findPost(store, day)));
}

/** Stores a comment, and leads back to it. */
export async function addComment(store: Store, environ: Environ, day: string): Promise<Answer> {
  checkOrigin(environ);
  const post = findPost(store, day);
  const form = await readForm(environ);
  const [author, text] = [lineOf(form, 'author'), textOf(form, 'text')];
  const problem = problemOf(author, text);
  if (problem) return page(postPage(store, post, { author, text, problem }), '422 Unprocessable Content');
  const id = store.addComment(post.id, author, text);
  if (id === undefined) throw new HttpError('403 Forbidden', 'Enough has been said here: no more comments.');
  return seeOther(`${addressOf(post.day)}#comment-${id}`);
}

function findPost(store: Store, day: string): Post {
  const post = isPeriod(day) ? store.post(day) : undefined;
  if (post === undefined) throw new HttpError('404 Not Found', 'There is no post of that day.');
  return post;
}

function postPage(store: Store, post: Post, draft?: Draft): Html {
  const { older, newer } = store.neighbours(post.day);
  const content = html`<article class="post">
      <p class="date">${linkedDate(post.day)}</p>
      <h1>${post.title}</h1>
      <img class="hero" src="/static/img/${post.picture}" alt="" width="960" height="540" />
      ${post.text.split('\n\n').map((paragraph) => html`<p>${paragraph}</p>`)}
    </article>
    <nav class="neighbours" aria-label="Other posts">
      ${older && neighbour(older, 'Before that')} ${newer && neighbour(newer, 'After that')}
    </nav>
    ${commentSection(post, store.comments(post.id), draft)}`;
  const description = post.text.split('\n\n', 1)[0] ?? '';
  return layout({ title: post.title, description, canonical: addressOf(post.day), content });
}

/** A date that leads to its month and its year. */
function linkedDate(day: string): Html {
  const [date = '', month = ''] = nameOf(day).split(' ');
  const [year, monthOfYear] = [day.slice(0, 4), day.slice(0, 7)];
  return html`<time datetime="${day}"
    >${date} <a href="${addressOf(monthOfYear)}">${month}</a> <a href="${addressOf(year)}">${year}</a></time
  >`;
}

function neighbour({ day, title }: Post, relation: string): Html {
  return html`<a href="${addressOf(day)}"><small>${relation}</small> <span>${title}</span></a>`;
}
