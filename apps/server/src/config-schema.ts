import * as v from 'valibot';
import type { Config, Route, ServerConfig } from './config.ts';
import { CommandError } from './errors.ts';
import { hookNames } from './hooks.ts';
import { cache, compress, errorPages, files, forwardProxy } from './package-options.ts';
import { keys, optional, options, text } from './schema-parts.ts';
import { settingNames } from './settings.ts';
import { forward } from './upstream/forward-schema.ts';
import { upstream } from './upstream/schema.ts';

const pattern = v.union([text, v.instance(RegExp)], 'must be a text or a regular expression');

const wanted = v.union(
  [v.string(), v.instance(RegExp), v.boolean()],
  'must be a text, an expression or a boolean',
);
const named = v.record(v.string(), wanted, 'must be an object');

const conditions = {
  path: v.optional(pattern),
  methods: v.optional(v.array(text, 'must be a list')),
  hosts: v.optional(v.array(v.union([v.string(), v.instance(RegExp)]), 'must be a list')),
  scheme: v.optional(v.picklist(['http', 'https'], 'must be http or https')),
  headers: v.optional(named),
  query: v.optional(named),
  isFile: v.optional(text),
  isFolder: v.optional(text),
};

type Exception = v.GenericSchema<unknown>;
const exception: Exception = v.strictObject(
  { ...conditions, unless: v.optional(v.lazy((): Exception => exceptions)) },
  'must be conditions',
);
const exceptions: Exception = v.union(
  [exception, v.array(exception)],
  'must be conditions, or a list of them',
);

const route = v.strictObject(
  {
    ...conditions,
    unless: v.optional(exceptions),
    name: v.optional(text),
    static: v.optional(text),
    prefix: v.optional(v.pipe(text, v.startsWith('/', 'must start with /'))),
    maxAge: v.optional(
      v.pipe(
        v.number('must be seconds'),
        v.integer('must be whole seconds'),
        v.minValue(0, 'must be seconds'),
      ),
    ),
    fallback: v.optional(text),
    proxy: v.optional(text),
    forward: v.optional(forward),
    app: v.optional(text),
    cgi: v.optional(text),
    rewrite: v.optional(v.pipe(text, v.startsWith('/', 'must start with /'))),
    redirect: v.optional(text),
    status: v.optional(v.picklist([301, 302, 303, 307, 308], 'must be 301, 302, 303, 307 or 308')),
    queryPolicy: v.optional(v.picklist(['extend', 'keep', 'replace'], 'must be extend, keep or replace')),
    flag: v.optional(v.picklist(['next', 'last', 'break'], 'must be next, last or break')),
    refuse: v.optional(v.picklist([403, 404, 405, 410], 'must be 403, 404, 405 or 410')),
    allow: v.optional(v.array(text, 'must be a list')),
    files: v.optional(files),
    cache: v.optional(cache),
    compress: v.optional(v.boolean('must be true or false')),
  },
  (issue) => (issue.expected === 'never' ? 'is no key of a route' : 'must be an object'),
);

const explain = keys('explain', optional({ secret: text, isTrusted: v.function('must be a function') }));

const hooks = v.strictObject(
  Object.fromEntries(hookNames.map((name) => [name, v.optional(v.function('must be a function'))])),
  (issue) =>
    issue.expected === 'never' ? `is no hook; there are: ${hookNames.join(', ')}` : 'must be an object',
);

const certificate = v.strictObject(
  { certfile: text, keyfile: v.optional(text), names: v.optional(v.array(text, 'must be a list')) },
  (issue) => (issue.expected === 'never' ? 'is no key of a certificate' : 'must be an object'),
);

/** Settings are checked when they are resolved, wherever they come from. */
const serverKeys = {
  ...Object.fromEntries(settingNames.map((name) => [name, v.optional(v.unknown())])),
  hooks: v.optional(hooks),
  certificates: v.optional(v.array(certificate, 'must be a list')),
};

const serverConfig = v.strictObject(serverKeys, (issue) =>
  issue.expected === 'never'
    ? 'is no setting and no key of it; routes and upstreams are for highball run'
    : 'must be an object',
);

const config = v.strictObject(
  {
    ...serverKeys,
    upstreams: v.optional(v.record(v.string(), upstream, 'must be an object')),
    routes: v.pipe(v.array(route, 'must be a list'), v.minLength(1, 'must have at least one route')),
    compress: v.optional(compress),
    errorPages: v.optional(errorPages),
    forwardProxy: v.optional(forwardProxy),
    limits: v.optional(options),
    explain: v.optional(explain),
    serverTiming: v.optional(v.boolean('must be true or false')),
    requestId: v.optional(v.boolean('must be true or false')),
    startMessage: v.optional(text),
  },
  (issue) => (issue.expected === 'never' ? 'is no key of the configuration' : 'must be an object'),
);

/**
 * Checks a configuration.
 * @param place - its name in messages, such as the file's.
 * @throws CommandError that names the key and what it must be.
 */
export function checkConfig(value: unknown, place: string): Config {
  const checked = check(config, value, place) as Config;
  checked.routes.forEach((entry, index) => checkRoute(entry, checked, `${place}: routes[${index}]`));
  return checked;
}

/**
 * The same for a configuration without routes.
 * @throws CommandError that names the key and what it must be.
 */
export function checkServerConfig(value: unknown, place: string): ServerConfig {
  return check(serverConfig, value, place) as ServerConfig;
}

function check(schema: typeof config | typeof serverConfig, value: unknown, place: string): unknown {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new CommandError(`${place}: ${pathOf(issue.path)} ${issue.message}`);
}

/** What one route cannot say by its types alone. */
function checkRoute(entry: Route, { upstreams = {} }: Config, place: string): void {
  const actions = ['static', 'proxy', 'app', 'cgi', 'redirect', 'refuse'].filter((action) => action in entry);
  if (actions.length > 1) throw new CommandError(`${place} has ${actions.join(' and ')}: keep one of them`);
  if (actions.length === 0 && !('rewrite' in entry)) {
    throw new CommandError(
      `${place} does nothing: give it static, proxy, app, cgi, redirect, refuse or rewrite`,
    );
  }
  if ('forward' in entry && !('proxy' in entry))
    throw new CommandError(`${place}.forward means nothing without proxy`);
  if ('rewrite' in entry && 'redirect' in entry)
    throw new CommandError(`${place} has rewrite and redirect: keep one`);
  if ('proxy' in entry && entry.proxy !== undefined && !Object.hasOwn(upstreams, entry.proxy)) {
    const known = Object.keys(upstreams).join(', ') || 'none';
    throw new CommandError(`${place}.proxy names the upstream '${entry.proxy}', but upstreams has: ${known}`);
  }
}

function pathOf(path: readonly { key: unknown }[] | undefined): string {
  if (path === undefined) return 'the configuration';
  return path
    .map(({ key }) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
}
