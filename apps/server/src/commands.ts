import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { changeFolder } from '@highball/daemon';
import { checkPlaces } from './check-places.ts';
import type { Config } from './config.ts';
import { CommandError } from './errors.ts';
import { createLaunch, type Flags, type Launch, type Reading, readSettings } from './launch.ts';
import { locateApplication } from './locate-application.ts';
import { locateConfig } from './load-config.ts';
import { checkSetting, settingsOf } from './resolve-settings.ts';
import type { Settings } from './settings.ts';
import type { ForwardOptions } from './upstream/config.ts';

/** `highball serve MODULE[:EXPORT]` */
export async function serveCommand(module: string, flags: Flags): Promise<void> {
  const describe = (): Config => {
    locateApplication(module, process.cwd());
    return { routes: [{ app: module }] };
  };
  // One worker unless more are asked for, as gunicorn does: an application may keep its state in memory.
  await runInline(describe, flags, { workers: 1 });
}

/** `highball static DIR` */
export async function staticCommand(dir: string, flags: Flags): Promise<void> {
  const compress = flags['compress'] === true;
  await runInline(() => ({ compress, routes: [staticRoute(dir, flags)] }), flags);
}

/** `highball proxy UPSTREAM…` */
export async function proxyCommand(servers: string[], flags: Flags): Promise<void> {
  const { checkServers } = await import('./upstream/check-servers.ts');
  checkServers(servers, 'upstream');
  const balance = flags['balance'] !== undefined && { balance: flags['balance'] };
  const upstream = { servers, forward: forwardOptions(flags), ...balance };
  const config = { upstreams: { upstream }, routes: [{ proxy: 'upstream' }] };
  const { trust, ...others } = flags;
  const trusting =
    trust === undefined
      ? others
      : { ...others, forwardedAllowIps: checkSetting('forwardedAllowIps', trust, '--trust') };
  const { checkConfig } = await import('./config-schema.ts');
  await runInline(() => checkConfig(config, 'highball proxy'), trusting);
}

/** nginx's names, times in seconds; @highball/reverse-proxy's are in milliseconds. */
function forwardOptions(flags: Flags): ForwardOptions {
  const timeouts = ['connectTimeout', 'readTimeout', 'sendTimeout'].flatMap((name) =>
    flags[name] === undefined ? [] : [[`${name}Ms`, seconds(name, flags[name]) * 1000]],
  );
  // As nginx's `root`: relative to where the command is given.
  const places = ['documentRoot', 'scriptFilename'].flatMap((name) =>
    typeof flags[name] === 'string' ? [[name, resolve(flags[name])]] : [],
  );
  return Object.fromEntries([...timeouts, ...places]) as ForwardOptions;
}

/** `highball run -c highball.config.ts` */
export async function runCommand(flags: Flags): Promise<void> {
  await runLaunch(await launchFile(flags), flags);
}

/** `highball check -c highball.config.ts` */
export async function checkCommand(flags: Flags): Promise<void> {
  await check(await launchFile(flags));
}

/** `highball explain METHOD URL -c highball.config.ts` */
export async function explainCommand(method: string, url: string, flags: Flags): Promise<void> {
  const { header = [], from } = flags;
  const request = { method, url, headers: header as string[], from: from as string };
  const { explainLaunch } = await import('./explain/command.ts');
  console.log(await explainLaunch(await launchFile(flags), request));
}

async function launchFile(flags: Flags): Promise<Launch> {
  const startedIn = process.cwd();
  const file = locateConfig(flags['config'] as string | undefined, startedIn);
  const input = { flags, file, routes: true };
  const reading = await readSettings(input);
  enterFolder(reading);
  return createLaunch(input, reading, {
    config: reading.config as Config,
    source: { kind: 'file', file },
    startedIn,
  });
}

/** @param describe - called in the folder of `chdir`: what the command line names is relative to that. */
async function runInline(
  describe: () => Config,
  flags: Flags,
  defaults: Partial<Settings> = {},
): Promise<void> {
  const startedIn = process.cwd();
  const { config: name } = flags;
  const file = typeof name === 'string' ? locateConfig(name, startedIn) : undefined;
  const input = { flags, file, routes: false, defaults };
  const reading = await readSettings(input);
  enterFolder(reading);
  const config = describe();
  const source = { kind: 'inline' as const, config, folder: process.cwd(), ...(file && { file }) };
  await runLaunch(createLaunch(input, reading, { config, source, startedIn }), flags);
}

async function runLaunch(launch: Launch, flags: Flags): Promise<void> {
  if (flags['printConfig']) {
    const { printConfig } = await import('./print-config.ts');
    return printConfig(launch.origins);
  }
  if (flags['checkConfig']) return check(launch);
  const { config, source } = launch;
  // What the command line says has been checked with its flags.
  if (source.kind === 'file') {
    await checkPlaces(config, dirname(source.file), source.file);
    checkMeanwhile(launch);
  }
  const { runStack } = await import('./run-stack.ts');
  await runStack(launch);
}

/** While this process loads what it consists of: the server waits for the outcome before it binds anything. */
function checkMeanwhile({ config, origins, check: begin }: Launch): void {
  // It may make what is looked for; and one in the background checks for itself.
  if (config.hooks?.onStarting !== undefined || settingsOf(origins).daemon) return;
  begin().catch(() => undefined);
}

async function check(launch: Launch): Promise<void> {
  const { checkLaunch } = await import('./check-launch.ts');
  await checkLaunch(launch);
}

function enterFolder({ origins }: Reading): void {
  const { chdir } = settingsOf(origins);
  if (chdir !== '') changeFolder(chdir);
}

function staticRoute(dir: string, { maxAge, fallback, autoindex }: Flags): Config['routes'][number] {
  if (!statSync(resolve(dir), { throwIfNoEntry: false })?.isDirectory()) {
    throw new CommandError(`'${dir}' is no folder; name the one that holds the files`);
  }
  return {
    static: dir,
    ...(maxAge !== undefined && { maxAge: maxAgeSeconds(maxAge) }),
    ...(autoindex === true && { files: { autoindex } }),
    ...(typeof fallback === 'string' && { fallback }),
  };
}

/** What a cache takes for ever: RFC 9111 §1.2.2. */
const MOST_AGE = 2_147_483_648;
/** The most that a timer of Node takes is 2^31 - 1 ms, 24 days. */
const MOST_SECONDS = 2_000_000;

/** @throws CommandError that names the flag. */
function seconds(name: string, value: unknown): number {
  const number = Number(value);
  if (value !== '' && number >= 0 && number <= MOST_SECONDS) return number;
  throw new CommandError(
    `${flagName(name)} must be seconds, from 0 to ${MOST_SECONDS}, not '${String(value)}'`,
  );
}

/** A browser counts whole seconds, for this long at most. @throws CommandError as `seconds` does. */
function maxAgeSeconds(value: unknown): number {
  const text = String(value);
  if (/^\d{1,10}$/.test(text) && Number(text) <= MOST_AGE) return Number(text);
  throw new CommandError(`--max-age must be whole seconds, from 0 to ${MOST_AGE}, not '${text}'`);
}

/** `maxAge` → `--max-age` */
function flagName(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
