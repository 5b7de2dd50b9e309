import type { PurgeTarget } from '@highball/http-cache';
import { type Command, InvalidArgumentError } from 'commander';
import { CommandError } from '../errors.ts';
import type { CtlFlags, runCtl } from './run-ctl.ts';

/** Adds `highball ctl`, with a command for each thing that can be asked of a running server. */
export function addCtl(program: Command): void {
  const ctl = program.command('ctl').description('ask a running server how it is, and tell it what to do');
  add(ctl, 'status', 'show pools and workers')
    .option('--watch [seconds]', 'show them again and again', parseSeconds)
    .action((flags: CtlFlags) => send('status', undefined, flags));
  add(ctl, 'reload', 'read the configuration anew and replace all workers').action((flags: CtlFlags) =>
    send('reload', undefined, flags),
  );
  add(ctl, 'scale', 'change the number of workers')
    .argument('<workers>', 'how many', parseCount)
    .option('--pool <name>', 'the pool', 'front')
    .action((workers: number, flags: CtlFlags) => send('scale', { workers, pool: flags.pool }, flags));
  add(ctl, 'recycle', 'replace one worker')
    .argument('<pid>', 'the process number of the worker', parseCount)
    .action((pid: number, flags: CtlFlags) => send('recycle', { pid }, flags));
  add(
    ctl,
    'drain',
    'let the workers finish and leave, and keep the sockets: reload or scale brings workers back',
  ).action((flags: CtlFlags) => send('drain', undefined, flags));
  add(ctl, 'stop', 'finish the requests, then stop')
    .option('--quick', 'stop at once')
    .action((flags: CtlFlags) => send('stop', { quick: flags.quick === true }, flags));
  add(ctl, 'upgrade', 'start a new master on the same sockets; when it serves, the old one leaves').action(
    (flags: CtlFlags) => send('upgrade', undefined, flags),
  );
  add(ctl, 'drain-server', 'let a server of an upstream finish what it has, and give it nothing new')
    .argument('<upstream>', 'the name in the configuration')
    .argument('<server>', 'its address, as highball ctl status shows it')
    .option('--undo', 'use it again')
    .action((upstream: string, server: string, flags: CtlFlags) =>
      send('drain-server', { upstream, server, undo: flags.undo === true }, flags),
    );
  add(ctl, 'purge', 'have what caches have stored fetched anew')
    .argument('[url]', 'the URL, as clients write it')
    .option('--prefix <url>', 'all URLs that begin so')
    .option('--tag <tag>', 'all answers with this tag (Cache-Tag, Surrogate-Key)')
    .option('--all', 'everything')
    .option('--soft', 'makes stale only: what is purged may stand in while it is fetched anew')
    .action((url: string | undefined, flags: CtlFlags) =>
      send('purge', { target: purgeTarget(url, flags), soft: flags.soft === true }, flags),
    );
  add(ctl, 'reopen-logs', 'open the log files anew').action((flags: CtlFlags) =>
    send('reopen-logs', undefined, flags),
  );
}

function add(ctl: Command, name: string, description: string): Command {
  return ctl
    .command(name)
    .description(description)
    .option('--socket <path>', 'the control socket of the server ($HIGHBALL_CONTROL_SOCKET)')
    .option('--pid <file>', "the server's pidfile, in place of --socket")
    .option('--json', 'answer in JSON, one object a line');
}

/** Sends a command; what that takes is loaded when there is one to send. */
async function send(...args: Parameters<typeof runCtl>): Promise<void> {
  const { runCtl } = await import('./run-ctl.ts');
  await runCtl(...args);
}

/** @throws CommandError unless exactly one thing is named. */
function purgeTarget(url: string | undefined, { prefix, tag, all }: CtlFlags): PurgeTarget {
  const named = [
    ...(url === undefined ? [] : [{ url }]),
    ...(prefix === undefined ? [] : [{ prefix }]),
    ...(tag === undefined ? [] : [{ tag }]),
    ...(all === true ? [{ all }] : []),
  ];
  const [target, ...others] = named;
  if (target !== undefined && others.length === 0) return target;
  throw new CommandError('name one thing to purge: URL, --prefix URL, --tag TAG or --all');
}

function parseCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (seconds >= 0.1 && seconds <= 3600) return seconds;
  throw new InvalidArgumentError('It must be seconds, from 0.1 to 3600.');
}
