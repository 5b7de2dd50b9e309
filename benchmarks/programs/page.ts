import type { Application } from '@highball/gateway-protocol';

/** The page that programs/page.py and programs/page-node.ts make, too. */
export function page(path: string): string {
  const items = Array.from({ length: 20 }, (_, i) => `<li>Entry ${i + 1} of ${path}</li>`).join('\n');
  return `<!doctype html>\n<title>${path}</title>\n<link rel="stylesheet" href="/static/site.css">\n<ul>\n${items}\n</ul>\n`;
}

export const app: Application = (environ, startResponse) => {
  const body = page(environ.PATH_INFO);
  startResponse('200 OK', [
    ['Content-Type', 'text/html; charset=utf-8'],
    ['Content-Length', String(Buffer.byteLength(body))],
  ]);
  return [body];
};
