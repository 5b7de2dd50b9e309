/**
 * How many requests a second find their route: the router against a plain chain of regular expressions, over the
 * same routes and in one run.
 *
 *     node -C @highball/source bench/pick.ts [rounds]
 */
import type { Application, Environ } from '@highball/gateway-protocol';
import { get, router } from '../src/index.ts';

const ROUNDS = Number(process.argv[2] ?? 300_000);
const NAMES = Array.from({ length: 30 }, (_, index) => `section-${index}`);
const BODY = ['found'];
const answer: Application = (_environ, start) => {
  start('200 OK', []);
  return BODY;
};

/** A site of thirty sections, each with a list and its items. */
const table = router(NAMES.flatMap((name) => [get(`/${name}`, answer), get(`/${name}/:id`, answer)]));

const chain: readonly (readonly [method: string, pattern: RegExp, app: Application])[] = NAMES.flatMap(
  (name) =>
    [
      ['GET', new RegExp(`^/${name}$`), answer],
      ['GET', new RegExp(`^/${name}/(?<id>[^/]+)$`), answer],
    ] as const,
);
const chained: Application = (environ, startResponse) => {
  for (const [method, pattern, app] of chain) {
    if (method !== environ.REQUEST_METHOD) continue;
    const match = pattern.exec(environ.PATH_INFO);
    if (match === null) continue;
    environ['chain.params'] = match.groups;
    return app(environ, startResponse);
  }
  throw new Error(`no route for ${environ.PATH_INFO}`);
};

const paths: Readonly<Record<string, readonly string[]>> = {
  lists: NAMES.map((name) => `/${name}`),
  items: NAMES.map((name, index) => `/${name}/${index * 7919}`),
};

/** Requests a second. */
function measure(app: Application, asked: readonly string[]): number {
  const begin = performance.now();
  for (let round = 0; round < ROUNDS; round++) {
    const environ = { REQUEST_METHOD: 'GET', PATH_INFO: asked[round % asked.length] as string } as Environ;
    app(environ, () => () => undefined);
  }
  return (ROUNDS / (performance.now() - begin)) * 1000;
}

const best = (app: Application, asked: readonly string[]): number =>
  Math.max(...Array.from({ length: 5 }, () => measure(app, asked)));

const millions = (rate: number): string => `${(rate / 1e6).toFixed(2)} M/s`;

for (const [name, asked] of Object.entries(paths)) {
  const [ours, theirs] = [best(table, asked), best(chained, asked)];
  console.log(
    `${name}: router ${millions(ours)}, chain ${millions(theirs)}, ratio ${(ours / theirs).toFixed(1)}`,
  );
}
