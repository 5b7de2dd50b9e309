/** Serves the start of a real page behind the middleware: `page.ts bytes coding`. */
import { createWorker } from '@highball/async-worker';
import type { Application } from '@highball/gateway-protocol';
import { type Coding, compression } from '../../src/index.ts';
import { startOfPage } from '../texts.ts';

const [bytes = '', coding = ''] = process.argv.slice(2);
const page = startOfPage(Number(bytes));
const app: Application = (_, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/html'], ['Content-Length', String(page.length)]]); // prettier-ignore
  return [page];
};
const worker = createWorker(compression({ codings: [coding as Coding] })(app));
const { port } = await worker.listen({ port: 0 });
console.log(port);
