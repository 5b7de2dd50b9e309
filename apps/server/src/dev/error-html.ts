import type { Environ } from '@highball/gateway-protocol';
import type { Relation } from './error-chain.ts';
import { type ErrorReport, titleOf, type ReportedError, type ReportedFrame, textOf } from './error-report.ts';
import { ERROR_STYLE } from './error-style.ts';
import { Markup, markup } from './markup.ts';
import { placeText } from './place-text.ts';
import { isSecret } from './secrets.ts';
import type { Excerpt } from './source-excerpt.ts';
import type { Place } from './stack-frames.ts';

/** What a page needs besides the report. */
export interface PageOptions {
  /** Paths are shown relative to it. */
  folder: string;
  /** Of the page's policy: the style has it. */
  nonce: string;
  /** Whether the page reloads itself after the next change. */
  live: boolean;
}

/** The page for an error: the message, the sources around each call of the application, and the request. */
export function errorHtml(report: ErrorReport, { folder, nonce, live }: PageOptions): string {
  const [first] = report.errors as [ReportedError, ...ReportedError[]];
  const after = live
    ? 'This page reloads when you save a change.'
    : 'This page came from a form, or by a program: it does not reload by itself.';
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${first.name}: ${first.message.split('\n', 1)}</title>
<style nonce="${nonce}">${new Markup(ERROR_STYLE)}</style>
</head>
<body>
<header>
<p><span class="badge">500</span> ${titleOf(report)} <code class="request">${requestLine(report.environ)}</code></p>
</header>
<main>
${report.errors.map((error) => errorSection(error, folder))}
${environTable(report)}
</main>
<footer><p>${after} Only <code>highball dev</code> shows it; <code>highball serve</code> answers 500 and no more.</p></footer>
</body>
</html>
`.text;
}

function errorSection({ relation, name, message, details, frames }: ReportedError, folder: string): Markup {
  const heading = markup`<span class="name">${name}</span><span class="message">${message}</span>`;
  const first = frames.find(({ excerpt }) => excerpt !== undefined);
  const calls = groupFrames(frames).map(({ own, frames: group }) =>
    own ? group.map((frame) => ownFrame(frame, folder, frame === first)) : foreignFrames(group, folder),
  );
  return markup`<section>
${RELATIONS[relation] !== '' && markup`<p class="relation">${RELATIONS[relation]}</p>`}
${relation === 'thrown' ? markup`<h1>${heading}</h1>` : markup`<h2>${heading}</h2>`}
${details.length > 0 && detailList(details)}
${calls}
</section>`;
}

const RELATIONS: Readonly<Record<Relation, string>> = {
  thrown: '',
  cause: 'Caused by',
  gathered: 'Together with',
};

function detailList(details: readonly (readonly [string, string])[]): Markup {
  const items = details.map(
    ([name, text]) => markup`<div><dt>${name}</dt><dd>${secretOr(name, text)}</dd></div>`,
  );
  return markup`<dl>${items}</dl>`;
}

/** Runs of frames that are, and that are not, the application's. */
function groupFrames(frames: readonly ReportedFrame[]): { own: boolean; frames: ReportedFrame[] }[] {
  const groups: { own: boolean; frames: ReportedFrame[] }[] = [];
  for (const frame of frames) {
    const own = frame.origin === 'application';
    const last = groups.at(-1);
    if (last?.own === own) last.frames.push(frame);
    else groups.push({ own, frames: [frame] });
  }
  return groups;
}

function ownFrame({ name, place, excerpt, times }: ReportedFrame, folder: string, open: boolean): Markup {
  const label = markup`<span class="place">${placeText(place, folder)}</span> <span class="function">${name}</span>${repeats(times)}`;
  if (excerpt === undefined || place === undefined) return markup`<p class="frame">${label}</p>`;
  const opened = open && new Markup(' open');
  return markup`<details class="frame"${opened}><summary>${label}</summary>${excerptBlock(excerpt, place)}</details>`;
}

function repeats(times: number): Markup {
  return markup`${times > 1 && markup` <span class="times">× ${times}</span>`}`;
}

function foreignFrames(frames: readonly ReportedFrame[], folder: string): Markup {
  const all = frames.reduce((sum, { times }) => sum + times, 0);
  const count = all === 1 ? '1 call' : `${all} calls`;
  const items = frames.map(
    ({ name, place, times }) =>
      markup`<li><span class="place">${placeText(place, folder)}</span> <span class="function">${name}</span>${repeats(times)}</li>`,
  );
  return markup`<details class="foreign"><summary>${count} outside the application</summary><ol>${items}</ol></details>`;
}

/** The line numbers stand in the style: what is copied is the source. */
function excerptBlock({ firstLine, lines }: Excerpt, place: Place): Markup {
  const rows = lines.map((text, i) => {
    const number = firstLine + i;
    const hit = number === place.line;
    return markup`<span class="line${hit && ' hit'}" data-line="${number}">${hit ? marked(text, place.column) : text}
</span>`;
  });
  return markup`<pre tabindex="0"><code>${rows}</code></pre>`;
}

/** A line with the word at a column marked. */
function marked(text: string, column: number | undefined): Markup {
  if (column === undefined || column > text.length) return markup`${text}`;
  const before = text.slice(0, column - 1);
  const [word = ''] = /^(?:[\p{ID_Continue}$]+|.)/u.exec(text.slice(column - 1)) ?? [];
  return markup`${before}<mark>${word}</mark>${text.slice(before.length + word.length)}`;
}

/** Open where the request may have to do with the error. */
function environTable({ environ, kind }: ErrorReport): Markup {
  const names = Object.keys(environ).toSorted();
  const rows = names.map(
    (name) => markup`<tr><th scope="row">${name}</th><td>${secretOr(name, textOf(environ[name]))}</td></tr>`,
  );
  const opened = kind === 'request' && new Markup(' open');
  return markup`<details class="environ"${opened}><summary>environ</summary><table>${rows}</table></details>`;
}

function secretOr(name: string, text: string): Markup {
  const value = markup`<code>${text}</code>`;
  if (!isSecret(name) || text === '') return value;
  return markup`<details class="secret"><summary>hidden</summary>${value}</details>`;
}

function requestLine(environ: Environ): string {
  return `${environ.REQUEST_METHOD} ${environ.RAW_URI ?? environ.PATH_INFO}`;
}
