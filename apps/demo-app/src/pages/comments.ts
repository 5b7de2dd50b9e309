import { addressOf, nameOf } from '../address.ts';
import { type Html, html } from '../html.ts';
import type { Comment, Post } from '../store.ts';

const MAX_AUTHOR = 60;
const MAX_COMMENT = 2000;

/** What is wrong with a comment. */
interface Problem {
  field: 'author' | 'text';
  message: string;
}

/** A comment that could not be taken, to be mended by its author. */
export interface Draft {
  author: string;
  text: string;
  problem: Problem;
}

export function problemOf(author: string, text: string): Problem | undefined {
  if (author === '' || author.length > MAX_AUTHOR) {
    return { field: 'author', message: `Please give a name of up to ${MAX_AUTHOR} characters.` };
  }
  if (text === '' || text.length > MAX_COMMENT) {
    return { field: 'text', message: `Please write a comment of up to ${MAX_COMMENT} characters.` };
  }
  return undefined;
}

/** What was said about a post, and the form to say more. */
export function commentSection(post: Post, comments: readonly Comment[], draft?: Draft): Html {
  return html`<section class="comments" id="comments" aria-labelledby="comments-title">
    <h2 id="comments-title">
      ${comments.length === 0 ? 'No comments yet' : `Comments (${comments.length})`}
    </h2>
    <ol>
      ${comments.map(comment)}
    </ol>
    ${commentForm(post, draft)}
  </section>`;
}

function comment({ id, author, text, writtenAt }: Comment): Html {
  return html`<li id="comment-${id}">
    <span class="initial" aria-hidden="true">${[...author][0]?.toUpperCase()}</span>
    <div>
      <p class="by">
        <strong>${author}</strong> <time datetime="${writtenAt}">${nameOf(writtenAt.slice(0, 10))}</time>
      </p>
      ${text.split(/\n+/).map((line) => html`<p>${line}</p>`)}
    </div>
  </li>`;
}

function commentForm(post: Post, draft?: Draft): Html {
  const invalid = (field: Problem['field']): Html | false =>
    draft?.problem.field === field && html`aria-invalid="true" aria-describedby="problem" autofocus`;
  return html`<form class="comment" method="post" action="${addressOf(post.day)}">
    <h3>Say something</h3>
    ${draft && html`<p class="problem" id="problem" role="alert">${draft.problem.message}</p>`}
    <label for="author">Your name</label>
    <input
      id="author"
      name="author"
      required
      maxlength="${MAX_AUTHOR}"
      autocomplete="name"
      value="${draft?.author}"
      ${invalid('author')}
    />
    <label for="text">Your comment</label>
    <textarea id="text" name="text" required maxlength="${MAX_COMMENT}" rows="5" ${invalid('text')}>
${draft?.text}</textarea>
    <button>Send</button>
  </form>`;
}
