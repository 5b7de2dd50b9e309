// What the chaos test serves. Every answer repeats the id of its request, so that an answer which belongs to another
// request is found out; and SIGUSR2 makes the worker misbehave, as the file ORDER says.
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const folder = import.meta.dirname;
const leaked = [];
/** Mebibytes. */
const LEAK_STEP = 8;

const misdeeds = {
  // The file says that the event loop is blocked from now on: its sockets can be looked at.
  block: (ms) => {
    const end = performance.now() + ms;
    closeSync(openSync(join(folder, `blocked-${process.pid}`), 'w'));
    while (performance.now() < end);
  },
  // Piece by piece: all at once would block the event loop, which is another misdeed.
  leak: (megabytes) => {
    leaked.push(Buffer.alloc(LEAK_STEP * 2 ** 20, 1));
    if (megabytes > LEAK_STEP) setTimeout(misdeeds.leak, 1, megabytes - LEAK_STEP);
  },
  stray: () => {
    throw new Error('an error outside any request, on demand');
  },
};

process.on('SIGUSR2', () => {
  const [deed, amount] = readFileSync(join(folder, 'order'), 'utf8').split(' ');
  setImmediate(() => misdeeds[deed](Number(amount)));
});

/** Answers with the id, the size and the digest of the request's body. */
export async function app(environ, startResponse) {
  const id = environ.HTTP_X_REQUEST_ID ?? '';
  const query = new URLSearchParams(environ.QUERY_STRING);
  const digest = createHash('sha1');
  let size = 0;
  for await (const piece of environ['wsgi.input']) {
    digest.update(piece);
    size += piece.length;
  }
  const fields = [
    ['X-Request-Id', id],
    ['X-Worker', String(process.pid)],
    ['Content-Type', 'text/plain'],
  ];
  if (query.has('ms')) await sleep(Number(query.get('ms')));
  startResponse('200 OK', fields);
  if (environ.PATH_INFO === '/stream')
    return stream(id, Number(query.get('pieces')), Number(query.get('gap')));
  return [`${id} ${size} ${digest.digest('hex')} ${'.'.repeat(Number(query.get('fill') ?? 0))}\n`];
}

async function* stream(id, pieces, gapMs) {
  for (let piece = 1; piece <= pieces; piece++) {
    yield `${id} ${piece}\n`;
    await sleep(gapMs);
  }
}
