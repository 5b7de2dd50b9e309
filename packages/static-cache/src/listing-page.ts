import { createHash } from 'node:crypto';
import type { Order } from './autoindex.ts';
import type { Row } from './listing.ts';

/** What a page of a listing shows. */
export interface ListingPage {
  /** The folder's path below the root; empty for the root. */
  readonly name: string;
  readonly rows: readonly Row[];
  /** Whether rows were left out. */
  readonly more: boolean;
  readonly order: Order;
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2024; --dim: #63696f; --line: #e3e6e9; --hover: #f4f6f8; --link: #0b5bd3; --paper: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaed; --dim: #9aa0a6; --line: #33373b; --hover: #24282c; --link: #8ab4f8; --paper: #181a1d; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.25rem; font-weight: 600; overflow-wrap: anywhere; margin: 0 0 1.25rem; }
h1 a { color: inherit; }
a { color: var(--link); text-decoration: none; }
a:hover, a:focus-visible { text-decoration: underline; }
table { width: 100%; border-collapse: collapse; }
th { text-align: left; font-size: .8125rem; font-weight: 500; }
th a { color: var(--dim); }
th, td { padding: .5rem .75rem; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { width: 100%; overflow-wrap: anywhere; }
td:not(:first-child), th:not(:first-child) { text-align: right; white-space: nowrap; color: var(--dim); font-variant-numeric: tabular-nums; }
tbody tr:hover { background: var(--hover); }
.folder { font-weight: 600; }
p { color: var(--dim); padding: 0 .75rem; }
@media (max-width: 34rem) { th:nth-child(3), td:nth-child(3) { display: none; } th, td { padding: .625rem .5rem; } }
`;

/** The page runs nothing and loads nothing; its own style is known by its hash. */
export const CONTENT_SECURITY_POLICY: string = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'`;

/** Renders a listing as a page that is read as well on a phone and in the dark. */
export function renderListing({ name, rows, more, order }: ListingPage): string {
  const title = escapeHtml(`/${name}${name === '' ? '' : '/'}`);
  const up = name === '' ? '' : '<tr><td><a class="folder" href="../">../</a></td><td></td><td></td></tr>\n';
  const body = rows.map((row) => renderRow(row)).join('');
  const columns = [
    ['name', 'Name'],
    ['size', 'Size'],
    ['modified', 'Changed'],
  ] as const;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${title}</h1>
<table>
<thead><tr>${columns.map(([by, label]) => renderHeading(by, label, order)).join('')}</tr></thead>
<tbody>
${up}${body}</tbody>
</table>
${rows.length === 0 ? '<p>This folder is empty.</p>\n' : ''}${more ? `<p>Only the first ${rows.length} entries are listed.</p>\n` : ''}</main>
</body>
</html>
`;
}

function renderHeading(by: Order['by'], label: string, order: Order): string {
  const current = by === order.by;
  const descending = current && !order.descending;
  const arrow = current ? (order.descending ? ' ↓' : ' ↑') : '';
  const sorted = current ? ` aria-sort="${order.descending ? 'descending' : 'ascending'}"` : '';
  return `<th scope="col"${sorted}><a href="?sort=${by}&amp;order=${descending ? 'desc' : 'asc'}">${label}${arrow}</a></th>`;
}

function renderRow({ name, type, size, modifiedMs }: Row): string {
  const slash = type === 'directory' ? '/' : '';
  // `./` so that a name with a colon is no scheme.
  const href = escapeHtml(`./${encodeURIComponent(name)}${slash}`);
  const time = new Date(modifiedMs).toISOString();
  const kind = type === 'directory' ? ' class="folder"' : '';
  return `<tr><td><a${kind} href="${href}">${escapeHtml(name)}${slash}</a></td><td>${size === undefined ? '' : formatSize(size)}</td><td><time datetime="${time}">${time.slice(0, 16).replace('T', ' ')}</time></td></tr>\n`;
}

/** Bytes as people read them, in powers of 1024. */
export function formatSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  const power = bytes < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
