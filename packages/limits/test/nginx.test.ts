import { createWorker } from '@highball/async-worker';
import {
  exchange,
  findPeer,
  freePort,
  missingPeers,
  nginxArguments,
  Program,
  temporaryFolder,
} from '@highball/testkit';
import { expect, test } from 'vitest';
import { limits, type RequestRateRule } from '../src/index.ts';
import { hello, silent } from './support.ts';

/** Each limit in nginx's words and in ours; all slow enough that the duration of the test is nothing to them. */
const cases: readonly [nginx: string, ours: Omit<RequestRateRule, 'requestsPerSecond'>][] = [
  ['', {}],
  ['burst=5 nodelay', { burst: 5, nodelay: true }],
  ['burst=7 delay=7', { burst: 7, delay: 7 }],
  ['burst=1 nodelay', { burst: 1, nodelay: true }],
];
const PER_MINUTE = 2;
const REQUESTS = 12;

const statusOf = async (port: number, path: string): Promise<number> =>
  Number((await exchange(port, `GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`)).slice(9, 12));

test('the requests that pass are those that nginx lets pass', async (context) => {
  const missing = missingPeers('nginx');
  context.skip(missing !== undefined, missing);
  await using folder = await temporaryFolder();
  const port = await freePort();
  await using nginx = await startNginx(folder.path, port);
  await expect.poll(() => statusOf(port, '/up').catch(() => nginx.child.exitCode ?? 0)).toBe(200);

  const apps = cases.map(([, rule]) =>
    limits({ rules: [{ requestsPerSecond: PER_MINUTE / 60, status: 503, ...rule }], log: silent })(hello),
  );
  const worker = createWorker((environ, startResponse) => {
    return (apps[Number(environ.PATH_INFO.slice(1))] ?? hello)(environ, startResponse);
  });
  const { port: own } = await worker.listen({ port: 0 });
  for (const index of cases.keys()) {
    const [theirs, ours]: [number[], number[]] = [[], []];
    for (let i = 0; i < REQUESTS; i++) {
      theirs.push(await statusOf(port, `/${index}`));
      ours.push(await statusOf(own as number, `/${index}`));
    }
    expect({ index, statuses: ours }).toEqual({ index, statuses: theirs });
    expect(ours, 'some pass and some do not').toEqual(expect.arrayContaining([200, 503]));
  }
  await worker.close();
});

async function startNginx(folder: string, port: number): Promise<Program> {
  const zones = cases.map(
    (_, i) => `limit_req_zone $binary_remote_addr zone=z${i}:1m rate=${PER_MINUTE}r/m;`,
  );
  const places = cases.map(([limit], i) => `location = /${i} { limit_req zone=z${i} ${limit}; empty_gif; }`);
  const args = await nginxArguments(
    folder,
    `${zones.join(' ')}
     server { listen 127.0.0.1:${port}; ${places.join(' ')} location / { return 200; } }`,
  );
  return new Program(findPeer('nginx') as string, args);
}
