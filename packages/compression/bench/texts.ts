import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const modules = join(import.meta.dirname, '../../../node_modules');

// By its path, like the texts: it is one of those packages.
const { marked } = (await import(join(modules, 'marked/lib/marked.esm.js'))) as {
  marked: { parse(markdown: string): string };
};

/** A real text, of about the size that such a text has on the Web. */
export interface Text {
  readonly kind: 'HTML' | 'CSS' | 'JS' | 'JSON';
  readonly bytes: Buffer;
}

function read(path: string): string {
  return readFileSync(join(modules, path), 'utf8');
}

/** Real texts out of installed packages; the pages are rendered from their READMEs. */
export function readTexts(): Text[] {
  const text = (kind: Text['kind'], content: string): Text => ({ kind, bytes: Buffer.from(content) });
  const page = (path: string): string =>
    `<!doctype html><html><head><title>${path}</title></head><body>${marked.parse(read(path))}</body></html>`;
  return [
    text('HTML', page('fast-check/README.md')),
    text('HTML', page('express/Readme.md')),
    text('CSS', read('playwright-core/lib/vite/htmlReport/report.css')),
    text('CSS', read('highlight.js/styles/night-owl.css')),
    text('JS', read('highlight.js/lib/core.js')),
    text('JS', read('express/lib/response.js')),
    text('JSON', read('mime-db/db.json')),
    text('JSON', read('express/package.json')),
  ];
}

/** So many bytes of a long page. */
export function startOfPage(bytes: number): Buffer {
  const long = readTexts().filter(({ kind }) => kind === 'HTML' || kind === 'CSS');
  return Buffer.concat(long.map((text) => text.bytes)).subarray(0, bytes);
}
