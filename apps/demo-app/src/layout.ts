import { type Html, html } from './html.ts';

/** What a page brings along for the frame around it. */
export interface PageParts {
  title: string;
  description?: string;
  /** The address that search engines and bookmarks are to use. */
  canonical?: string;
  /** Which entry of the menu is the present one. */
  current?: string;
  query?: string;
  content: Html;
}

const MENU = [
  ['/', 'Posts'],
  ['/pictures', 'Pictures'],
  ['/about', 'About this request'],
] as const;

/** The frame around every page. */
export function layout({ title, description, canonical, current, query, content }: PageParts): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · The Tall Glass</title>
        <link rel="icon" href="/static/favicon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/static/style.css" />
        ${description !== undefined && html`<meta name="description" content="${description}" />`}
        ${canonical !== undefined && html`<link rel="canonical" href="${canonical}" />`}
        <script src="/static/readers.js" defer></script>
        <script src="/static/forms.js" defer></script>
      </head>
      <body>
        <a class="skip" href="#content">Skip to the content</a>
        <header class="site">
          <a class="brand" href="/"
            ><img src="/static/favicon.svg" alt="" width="36" height="36" /><span>The Tall Glass</span></a
          >
          <nav aria-label="Main">
            ${MENU.map(
              ([href, label]) =>
                html`<a href="${href}" ${current === href && html`aria-current="page"`}>${label}</a>`,
            )}
          </nav>
          <form class="search" action="/search" role="search">
            <label class="hidden" for="q">Search the posts</label>
            <input id="q" name="q" type="search" placeholder="Search" value="${query}" maxlength="100" />
          </form>
        </header>
        <main id="content">${content}</main>
        <footer class="site">
          <p>
            A demonstration of Highball: static files, rewriting, balancing and pre-forked workers under one
            command.
          </p>
          <p class="readers" id="readers" hidden></p>
        </footer>
      </body>
    </html> `;
}
