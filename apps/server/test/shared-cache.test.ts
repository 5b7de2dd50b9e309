import { existsSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { get, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Site, storedIn } from './started.ts';
import { Behind } from './upstream/support.ts';

const WORKERS = 4;
/** On a machine that others use too. */
const SOON = { timeout: 30_000, interval: 20 };
/** Longer than any of these tests takes: nobody who waits for another's fetch asks by itself before. */
const PATIENT = 'collapseTimeoutMs: 60_000';
const HOUR = { 'Cache-Control': 's-maxage=3600' };

/** An answer as far as it came; `text` is undefined when it is not whole. */
interface Answer {
  readonly text: string | undefined;
  readonly status: string;
}

/** What the origin was asked: by which worker, and how it may answer. */
interface Asked {
  readonly path: string;
  readonly pid: number;
  readonly response: ServerResponse;
}

/** Passes on what an origin answers, and tells it which process asks. */
const app = (origin: string): string => `export const app = async (environ, startResponse) => {
  const signal = environ['highball.signal']?.();
  const response = await fetch('${origin}' + environ.PATH_INFO, { signal, headers: { pid: process.pid } });
  startResponse(response.status + ' ' + response.statusText, [...response.headers].filter(([name]) =>
    ['cache-control', 'content-length', 'etag'].includes(name)));
  return response.body ?? [];
};`;

/** A server of four workers whose routes are cached, and the origin behind it. */
class Cached implements AsyncDisposable {
  readonly site: Site;
  readonly port: number;
  readonly asked: Asked[] = [];
  readonly #behind: Behind;

  private constructor(site: Site, behind: Behind, port: number) {
    this.site = site;
    this.port = port;
    this.#behind = behind;
  }

  static async start(
    answer: (asked: Asked, index: number) => void,
    { cache = 'true', workers = WORKERS }: { cache?: string; workers?: number } = {},
  ): Promise<Cached> {
    const behind = await Behind.start('origin');
    const site = await Site.make({
      'origin.mjs': app(behind.url),
      'highball.config.mjs': `export default { workers: ${workers}, reusePort: ${workers > 1}, gracefulTimeout: 2,
        routes: [{ app: './origin.mjs', cache: ${cache} }] };`,
    });
    const { port } = await site.runConfig();
    const cached = new Cached(site, behind, port);
    behind.behave = (request, response) => {
      const asked = { path: request.url ?? '', pid: Number(request.headers['pid']), response };
      answer(asked, cached.asked.push(asked) - 1);
    };
    return cached;
  }

  /** So many requests for the same at the same time, each over a connection of its own. */
  many(count: number, onHead: () => void = () => undefined): Promise<Answer[]> {
    return Promise.all(Array.from({ length: count }, () => ask(this.port, '/', onHead)));
  }

  /** The pids of the workers. */
  async workers(): Promise<number[]> {
    const { pools } = await this.site.status();
    return pools.flatMap(({ workers }) => workers.flatMap(({ pid }) => pid ?? []));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.site[Symbol.asyncDispose]();
    await this.#behind.stop();
  }
}

function ask(port: number, path: string, onHead: () => void = () => undefined): Promise<Answer> {
  return new Promise((resolve) => {
    const cut = (): void => resolve({ text: undefined, status: '' });
    const request = get({ port, host: '127.0.0.1', path, agent: false, timeout: 30_000 }, (response) => {
      onHead();
      void readAll(response).then(resolve, cut);
    });
    request.on('error', cut);
    request.on('timeout', () => request.destroy());
  });
}

async function readAll(response: IncomingMessage): Promise<Answer> {
  let text = '';
  for await (const piece of response) text += String(piece);
  const status = String(response.headers['cache-status'] ?? '');
  return { text: response.complete ? text : undefined, status };
}

const texts = (answers: readonly Answer[]): Set<string | undefined> =>
  new Set(answers.map(({ text }) => text));
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The folder of the workers' own, by the files that one has open. */
function folderOf(pid: number): string | undefined {
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const [path] = /^.*\/highball-cache-\w+/.exec(readLink(`/proc/${pid}/fd/${fd}`)) ?? [];
    if (path !== undefined) return path;
  }
  return undefined;
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

describe.each([
  ['without a folder in the configuration', `{ ${PATIENT} }`],
  ['with one', `{ folder: 'stored', ${PATIENT} }`],
])('four workers are one cache %s', (_, cache) => {
  test('two hundred misses ask the origin once', async () => {
    await using cached = await Cached.start(
      ({ response }, index) => setTimeout(() => response.writeHead(200, HOUR).end(`made ${index}`), 500),
      { cache },
    );
    const answers = await cached.many(200);
    expect(texts(answers)).toEqual(new Set(['made 0']));
    expect(cached.asked).toHaveLength(1);
    // All workers have it from now on.
    expect(texts(await cached.many(40))).toEqual(new Set(['made 0']));
    expect(cached.asked).toHaveLength(1);
  });

  test('a worker that is killed in the middle of a body is replaced by another, and nothing is torn', async () => {
    const body = `${'a'.repeat(200_000)}${'b'.repeat(200_000)}`;
    await using cached = await Cached.start(
      ({ response }, index) => {
        response.writeHead(200, { ...HOUR, ETag: '"1"', 'Content-Length': body.length });
        if (index > 0) response.end(body);
        else response.write(body.slice(0, 200_000));
      },
      { cache },
    );
    const asking = cached.many(80);
    await expect.poll(() => cached.asked.length, SOON).toBe(1);
    await pause(500);
    process.kill((cached.asked[0] as Asked).pid, 'SIGKILL');
    const answers = await asking;
    // Those of the dead are cut, and seen to be.
    const whole = answers.filter(({ text }) => text !== undefined);
    expect(whole.length).toBeGreaterThan(0);
    for (const { text } of whole) expect(text === body).toBe(true);
    expect(cached.asked).toHaveLength(2);
    expect(texts(await cached.many(20))).toEqual(new Set([body]));
    expect(cached.asked).toHaveLength(2);
  });
});

describe('four workers are one cache', () => {
  test('what is stale is refreshed once, and nobody waits', async () => {
    const stale = { 'Cache-Control': 's-maxage=1, stale-while-revalidate=3600' };
    await using cached = await Cached.start(
      ({ response }, index) => {
        if (index === 0) response.writeHead(200, stale).end('made 0');
      },
      { cache: "{ folder: 'stored' }" },
    );
    await ask(cached.port, '/');
    // It is there in a moment; asked before that, another worker would make its own.
    await expect.poll(() => storedIn(join(cached.site.path, 'stored')), SOON).toBe(1);
    expect(texts(await cached.many(20))).toEqual(new Set(['made 0']));
    await pause(1100);
    expect(texts(await cached.many(100))).toEqual(new Set(['made 0']));
    await expect.poll(() => cached.asked.length, SOON).toBe(2);
    cached.asked[1]?.response.writeHead(200, HOUR).end('made 1');
    await expect.poll(async () => texts(await cached.many(20)), SOON).toEqual(new Set(['made 1']));
    expect(cached.asked).toHaveLength(2);
  });

  test('a worker that is killed before it has a head is replaced at once', async () => {
    await using cached = await Cached.start(
      ({ response }, index) => {
        if (index > 0) response.writeHead(200, HOUR).end('from another');
      },
      { cache: `{ ${PATIENT} }` },
    );
    const asking = cached.many(80);
    await expect.poll(() => cached.asked.length, SOON).toBe(1);
    await pause(500);
    const killedMs = performance.now();
    process.kill((cached.asked[0] as Asked).pid, 'SIGKILL');
    const answers = await asking;
    // Sooner than the minute after which those who wait go by themselves.
    expect(performance.now() - killedMs).toBeLessThan(30_000);
    expect(texts(answers.filter(({ text }) => text !== undefined))).toEqual(new Set(['from another']));
    expect(cached.asked).toHaveLength(2);
  });

  test('what is not to be stored is let go in all of them together', async () => {
    await using cached = await Cached.start(({ response }, index) =>
      setTimeout(() => response.writeHead(200, { 'Cache-Control': 'no-store' }).end(`made ${index}`), 500),
    );
    const beganMs = performance.now();
    const answers = await cached.many(60);
    // Two rounds, and what the machine needs; one after the other they would take half a minute.
    expect(performance.now() - beganMs).toBeLessThan(20_000);
    expect(texts(answers).size).toBe(60);
    expect(cached.asked).toHaveLength(60);
  });

  test('an origin that is slow holds nobody back beyond the deadline', async () => {
    await using cached = await Cached.start(
      ({ response }, index) => {
        if (index > 0) response.writeHead(200, HOUR).end('quick');
      },
      { cache: '{ collapseTimeoutMs: 400 }' },
    );
    const first = ask(cached.port, '/');
    await expect.poll(() => cached.asked.length, SOON).toBe(1);
    const beganMs = performance.now();
    expect(texts(await cached.many(40))).toEqual(new Set(['quick']));
    // One after the other they would take sixteen seconds.
    expect(performance.now() - beganMs).toBeLessThan(12_000);
    cached.asked[0]?.response.writeHead(200, HOUR).end('slow');
    expect((await first).text).toBe('slow');
  });

  test('a purge while it is fetched holds for those who come after it, in all of them', async () => {
    await using cached = await Cached.start(({ response }, index) => {
      response.writeHead(200, HOUR);
      if (index > 0) response.end('new');
      else response.write('old ');
    });
    let begun = 0;
    const before = cached.many(20, () => begun++);
    await expect.poll(() => begun, SOON).toBe(20);
    await cached.site.ctl('purge', '--all');
    // The others hear of it within 50 ms, on a machine that has nothing else to do.
    await pause(1000);
    expect(texts(await cached.many(40))).toEqual(new Set(['new']));
    cached.asked[0]?.response.end('rest');
    expect(texts(await before)).toEqual(new Set(['old rest']));
    expect(texts(await cached.many(20))).toEqual(new Set(['new']));
    expect(cached.asked).toHaveLength(2);
  });
});

describe.skipIf(process.platform !== 'linux')('the folder of the workers', () => {
  const answer = ({ response }: Asked, index: number): void => {
    response.writeHead(200, HOUR).end(`made ${index}`);
  };

  test('is theirs alone, lives through reloads and kills, and goes with the server', async () => {
    await using cached = await Cached.start(answer, { workers: 2 });
    const [first = 0, second = 0] = await cached.workers();
    const folder = folderOf(first) ?? '';
    expect(folderOf(second)).toBe(folder);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect((await ask(cached.port, '/')).text).toBe('made 0');
    // It is there in a moment; who is killed before that takes it along.
    await expect.poll(() => storedIn(folder), SOON).toBe(1);
    process.kill(first, 'SIGKILL');
    await expect.poll(async () => (await cached.workers()).includes(first), SOON).toBe(false);
    await cached.site.ctl('reload');
    expect(await cached.workers()).not.toContain(second);
    expect(texts(await cached.many(20))).toEqual(new Set(['made 0']));
    expect(existsSync(folder)).toBe(true);
    await cached.site.ctl('stop');
    await expect.poll(() => existsSync(folder), SOON).toBe(false);
  });

  test('is left by a server that is killed, and removed by the next', async () => {
    await using cached = await Cached.start(answer, { workers: 2 });
    const status = await cached.site.status();
    const pids = await cached.workers();
    const folder = folderOf(pids[0] ?? 0) ?? '';
    process.kill(status.pid, 'SIGKILL');
    await expect.poll(() => pids.filter((pid) => existsSync(`/proc/${pid}`)), SOON).toEqual([]);
    expect(existsSync(folder)).toBe(true);
    await using living = await Cached.start(answer, { workers: 2 });
    expect(existsSync(folder)).toBe(false);
    const [other = 0] = await living.workers();
    const theirs = folderOf(other) ?? '';
    await using next = await Cached.start(answer, { workers: 2 });
    // That of a server that lives is left alone.
    expect(existsSync(theirs)).toBe(true);
    expect((await ask(next.port, '/')).text).toBe('made 0');
  });

  test('begins when one worker becomes several', async () => {
    await using cached = await Cached.start(answer, { workers: 1 });
    const [alone = 0] = await cached.workers();
    expect(folderOf(alone)).toBe(undefined);
    await cached.site.ctl('scale', '3');
    const folders = (await cached.workers()).map(folderOf);
    expect(folders).toHaveLength(3);
    expect(new Set(folders).size).toBe(1);
    expect(folders[0]).toContain(join('/', 'highball-cache-').slice(1));
  });

  test('forgets what a route has cached that a reload has changed', async () => {
    await using cached = await Cached.start(answer, { workers: 2 });
    const [pid = 0] = await cached.workers();
    const folder = folderOf(pid) ?? '';
    expect((await ask(cached.port, '/')).text).toBe('made 0');
    const parts = readdirSync(folder);
    await cached.site.write(
      'highball.config.mjs',
      `export default { workers: 2, gracefulTimeout: 2, routes: [{ app: './origin.mjs', cache: { minUses: 1 } }] };`,
    );
    await cached.site.ctl('reload');
    expect((await ask(cached.port, '/')).text).toBe('made 1');
    const now = readdirSync(folder);
    expect(now).toHaveLength(parts.length);
    expect(now).not.toEqual(parts);
  });
});
