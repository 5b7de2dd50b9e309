import type { Application, Environ } from '@highball/gateway-protocol';
import type { Explanation, Rule } from '@highball/rewrite';
import type { Config, Route } from '../config.ts';
import type { Launch } from '../launch.ts';
import { createLog } from '../log.ts';
import { loadPlanConfig } from '../plan.ts';
import { settingsOf } from '../resolve-settings.ts';
import { compileRules } from '../site/site.ts';
import { createUpstreams } from '../site/upstreams.ts';
import { type WrittenRequest, writtenEnviron } from './request.ts';
import { type Ending, explainText } from './text.ts';

/**
 * `highball explain METHOD URL`: which routes a request would meet, what they would make of it, and who would answer.
 * Nothing is bound and no application is called; servers are looked up and checked as a worker does at its start.
 * @throws CommandError when configuration or request make no sense.
 */
export async function explainLaunch(
  launch: Launch,
  request: Omit<WrittenRequest, 'rootPath'>,
): Promise<string> {
  const { rootPath } = settingsOf(launch.origins);
  const { config, folder } = await loadPlanConfig(launch.source);
  const environ = writtenEnviron({ ...request, rootPath });
  const explanation = explainRoutes(config, folder, environ);
  const ending = await findEnding(config, folder, environ, explanation);
  return explainText(`${environ.REQUEST_METHOD} ${request.url}`, explanation, ending);
}

function explainRoutes(config: Config, folder: string, environ: Environ): Explanation {
  const rules = config.routes.map((route) => (answers(route) ? { ...route, answer: nobody } : route) as Rule);
  return compileRules(rules, folder).explain(environ);
}

function answers(route: Route): boolean {
  return ['static', 'proxy', 'app', 'cgi'].some((action) => action in route);
}

/** Stands for who answers: rules are explained, not followed. */
const nobody: Application = () => [];

async function findEnding(
  config: Config,
  folder: string,
  environ: Environ,
  { steps, outcome }: Explanation,
): Promise<Ending> {
  const name = steps.at(-1)?.rule;
  const route =
    outcome === 'answer'
      ? config.routes.find((each, i) => (each.name ?? `routes[${i}]`) === name)
      : undefined;
  const upstream = route !== undefined && 'proxy' in route ? route.proxy : undefined;
  if (upstream === undefined) return { route, upstream: undefined, server: undefined };
  const log = createLog({ level: 'warn', format: 'text', process: 'explain' });
  const upstreams = await createUpstreams(only(config, upstream), { addresses: {}, folder, log });
  try {
    await upstreams.start();
    return { route, upstream: upstreams.report()[0], server: upstreams.choose(upstream, environ) };
  } finally {
    upstreams.close();
  }
}

/** The configuration with this upstream alone: the others are not asked. */
function only(config: Config, name: string): Config {
  const upstream = config.upstreams?.[name];
  return { ...config, upstreams: upstream === undefined ? {} : { [name]: upstream } };
}
