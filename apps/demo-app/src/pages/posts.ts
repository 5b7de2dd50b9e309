import type { Environ } from '@highball/gateway-protocol';
import { type Html, html } from '../html.ts';
import { type Answer, checkOrigin, HttpError, page, queryOf, readForm, seeOther } from '../http.ts';
import { layout } from '../layout.ts';
import type { Comment, Post, Store } from '../store.ts';

const MAX_AUTHOR = 60;
const MAX_COMMENT = 2000;

/** The list of all posts, or of a year's, or of a month's. */
export function listPosts(store: Store, period = ''): Answer {
  const posts = store.posts(period);
  if (posts.length === 0) throw new HttpError('404 Not Found', 'Nothing was written then.');
  const heading = period === '' ? 'Notes on serving the web' : `Written in ${period}`;
  const content = html`<h1 class="page">${heading}</h1>
    <ol class="cards">
      ${posts.map((post, index) => card(post, index === 0 && period === ''))}
    </ol>`;
  return page(layout({ title: heading, current: '/', content }));
}

/** What a search has found. */
export function searchPosts(store: Store, environ: Environ): Answer {
  const query = (queryOf(environ).get('q') ?? '').slice(0, 100);
  const posts = store.search(query);
  const count = posts.length === 1 ? '1 post' : `${posts.length} posts`;
  const content = html`<h1 class="page">Search</h1>
    <p class="lead">${query === '' ? 'Type a word into the field above.' : html`${count} with “${query}”`}</p>
    <ol class="cards">
      ${posts.map((post) => card(post, false))}
    </ol>`;
  return page(layout({ title: 'Search', query, content }));
}

/** One post and what was said about it. */
export function showPost(store: Store, day: string): Answer {
  const post = findPost(store, day);
  return page(postPage(post, store.comments(post.id)));
}

/** Stores a comment, and leads back to the post. */
export async function addComment(store: Store, environ: Environ, day: string): Promise<Answer> {
  checkOrigin(environ);
  const post = findPost(store, day);
  const form = await readForm(environ);
  const author = (form.get('author') ?? '').trim();
  const text = (form.get('text') ?? '').trim();
  const problem = problemOf(author, text);
  if (problem !== undefined) {
    return page(
      postPage(post, store.comments(post.id), { author, text, problem }),
      '422 Unprocessable Content',
    );
  }
  store.addComment(post.id, author, text);
  return seeOther(`${addressOf(post.day)}#comments`);
}

/** The clean address of a post. */
export function addressOf(day: string): string {
  return `/blogs/${day.replaceAll('-', '/')}/`;
}

function findPost(store: Store, day: string): Post {
  const post = store.post(day);
  if (post === undefined) throw new HttpError('404 Not Found', 'There is no post of that day.');
  return post;
}

function problemOf(author: string, text: string): string | undefined {
  if (author === '' || author.length > MAX_AUTHOR)
    return `Please give a name of up to ${MAX_AUTHOR} characters.`;
  if (text === '' || text.length > MAX_COMMENT)
    return `Please write a comment of up to ${MAX_COMMENT} characters.`;
  return undefined;
}

function card(post: Post, isLead: boolean): Html {
  const excerpt = post.text.split('\n\n', 1)[0] ?? '';
  return html`<li class="card${isLead && ' lead-card'}">
    <a href="${addressOf(post.day)}"
      ><img src="/static/img/${post.picture}" alt="" width="480" height="270" loading="lazy"
    /></a>
    <div>
      <p class="date"><time datetime="${post.day}">${longDate(post.day)}</time></p>
      <h2><a href="${addressOf(post.day)}">${post.title}</a></h2>
      <p>${excerpt}</p>
    </div>
  </li>`;
}

interface Draft {
  author: string;
  text: string;
  problem: string;
}

function postPage(post: Post, comments: Comment[], draft?: Draft): Html {
  const content = html`<article class="post">
      <p class="date"><time datetime="${post.day}">${longDate(post.day)}</time></p>
      <h1>${post.title}</h1>
      <img class="hero" src="/static/img/${post.picture}" alt="" width="960" height="540" />
      ${post.text.split('\n\n').map((paragraph) => html`<p>${paragraph}</p>`)}
    </article>
    <section class="comments" id="comments" aria-labelledby="comments-title">
      <h2 id="comments-title">
        ${comments.length === 0 ? 'No comments yet' : `Comments (${comments.length})`}
      </h2>
      <ol>
        ${comments.map(comment)}
      </ol>
      ${commentForm(post, draft)}
    </section>`;
  return layout({ title: post.title, canonical: addressOf(post.day), current: '/', content });
}

function comment({ author, text, writtenAt }: Comment): Html {
  return html`<li>
    <p class="by">
      <strong>${author}</strong> <time datetime="${writtenAt}">${longDate(writtenAt.slice(0, 10))}</time>
    </p>
    ${text.split(/\n+/).map((line) => html`<p>${line}</p>`)}
  </li>`;
}

function commentForm(post: Post, draft?: Draft): Html {
  return html`<form class="comment" method="post" action="${addressOf(post.day)}">
    <h3>Say something</h3>
    ${draft && html`<p class="problem" role="alert">${draft.problem}</p>`}
    <label for="author">Your name</label>
    <input
      id="author"
      name="author"
      required
      maxlength="${MAX_AUTHOR}"
      autocomplete="name"
      value="${draft?.author ?? ''}"
    />
    <label for="text">Your comment</label>
    <textarea id="text" name="text" required maxlength="${MAX_COMMENT}" rows="5">
${draft?.text ?? ''}</textarea>
    <button>Send</button>
  </form>`;
}

function longDate(day: string): string {
  return new Date(`${day}T00:00:00Z`).toLocaleDateString('en-GB', { dateStyle: 'long', timeZone: 'UTC' });
}
