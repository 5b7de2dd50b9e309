import { createHash } from 'node:crypto';
import { escapeHtml } from './escape.ts';
import type { ErrorFacts } from './page.ts';
import { textOf } from './statuses.ts';

/**
 * The look: text in a column, the colours of the system, dark where that is dark. Contrast is at least 4.5 : 1 (WCAG
 * 2.2, 1.4.3) in both.
 */
const STYLE = `
:root{color-scheme:light dark;--paper:#fbfaf7;--ink:#22252b;--soft:#666b75;--line:#e3e0d8;--mark:#9a5b12}
@media(prefers-color-scheme:dark){:root{--paper:#16181c;--ink:#e9e7e2;--soft:#a0a4ad;--line:#2e3138;--mark:#e0a45a}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;min-height:100svh;display:grid;align-items:center;background:var(--paper);color:var(--ink);
font:1.0625rem/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
main{width:100%;max-width:38rem;margin:0 auto;padding:2.5rem 1.5rem 18vh;overflow-wrap:anywhere}
.code{margin:0;color:var(--mark);font-size:.9375rem;font-weight:600;letter-spacing:.14em;font-variant-numeric:tabular-nums}
.code::after{content:"";display:block;width:2.5rem;height:3px;margin-top:.75rem;border-radius:2px;background:currentcolor}
h1{margin:1.5rem 0 .75rem;font-size:clamp(1.75rem,1.3rem + 2.2vw,2.5rem);line-height:1.2;font-weight:650;letter-spacing:-.015em;text-wrap:balance}
p{margin:0 0 .5rem}
.soft{color:var(--soft)}
footer{margin-top:2.25rem;padding-top:1rem;border-top:1px solid var(--line);color:var(--soft);font-size:.875rem}
code{font:.8125rem/1.6 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;user-select:all}
`
  .trim()
  .replaceAll('\n', '');

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** Nothing may be loaded or run on such a page but its own style (CSP Level 3). */
export const PAGE_POLICY: string = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** The designed page. It needs nothing but itself. */
export function htmlPage({ status, requestId, retryAfterSeconds }: ErrorFacts): string {
  const { reason, detail, hint } = textOf(status);
  const wait = retryAfterSeconds === undefined ? hint : `Please try again in ${duration(retryAfterSeconds)}.`;
  const lines = [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="robots" content="noindex">',
    `<title>${status} ${reason}</title>`,
    `<style>${STYLE}</style>`,
    '</head>',
    '<body>',
    '<main>',
    `<p class="code">${status}</p>`,
    `<h1>${reason}</h1>`,
    `<p>${detail}</p>`,
    ...(wait === undefined ? [] : [`<p class="soft">${wait}</p>`]),
    ...(requestId === undefined ? [] : [`<footer>Request <code>${escapeHtml(requestId)}</code></footer>`]),
    '</main>',
    '</body>',
    '</html>',
    '',
  ];
  return lines.join('\n');
}

/** Seconds as people say them. */
export function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} second${seconds === 1 ? '' : 's'}`;
  const [count, unit] =
    seconds < 7200 ? [Math.ceil(seconds / 60), 'minutes'] : [Math.ceil(seconds / 3600), 'hours'];
  return `${count} ${unit}`;
}
