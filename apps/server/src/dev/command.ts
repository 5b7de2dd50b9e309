import type { InterfaceName } from '@highball/gateway-protocol';
import { validate } from '@highball/gateway-validator';
import { CommandError, messageOf } from '../errors.ts';
import { version } from '../version.ts';
import { devAddresses, type DevTarget } from './bind-addresses.ts';
import { DevServer } from './dev-server.ts';
import { Terminal } from './terminal.ts';

/** Flags of `highball dev`, as commander gives them. */
export interface DevFlags {
  bind?: string[];
  reloadExtraFile?: string[];
  allowHost?: string[];
  interface: InterfaceName | 'auto';
  iKnow?: boolean;
  /** @default true */
  validate?: boolean;
}

/** V8's ten would often not reach back to the application: its frameworks and the server have theirs. */
const STACK_FRAMES = 50;

/** The exit code for an address that cannot be bound, as of the other commands. */
const BIND_ERROR = 3;

/**
 * `highball dev MODULE[:EXPORT]`: serves until a signal ends it.
 * @throws CommandError for what the person at the command line can mend.
 */
export async function devCommand(spec: string, flags: DevFlags): Promise<void> {
  const { env } = process;
  const iKnow = flags.iKnow === true;
  if (env['NODE_ENV'] === 'production' && !iKnow) {
    throw new CommandError(`NODE_ENV is production: use ${serveLine(spec)}, or say --i-know`);
  }
  Error.stackTraceLimit = STACK_FRAMES;
  const listen = devAddresses({ bind: flags.bind, env, iKnow });
  const [out, err] = [new Terminal(process.stdout), new Terminal(process.stderr)];
  const server = new DevServer({
    spec,
    folder: process.cwd(),
    listen,
    interface: flags.interface,
    extraFiles: flags.reloadExtraFile ?? [],
    allowHosts: flags.allowHost ?? [],
    middleware: flags.validate === false ? [] : [validate],
    out,
    err,
  });
  // An error of the application outside any request must not take the server with it.
  process.on('uncaughtException', (error) => server.strayError(error));
  process.on('unhandledRejection', (error) => server.strayError(error));
  const stopped = untilSignal();
  const addresses = await listenOn(server, listen);
  process.title = `highball: dev [${addresses.join(', ')}]`;
  out.line(`Highball ${version} develops ${spec} on ${addresses.join(' and ')}`);
  err.line(
    err.style('yellow', `This is a development server, not for production; there: ${serveLine(spec)}`),
  );
  void server.load();
  await stopped;
  await server.stop();
  // Timers and sockets of the application, of all its versions, would keep the process.
  process.exit(0);
}

async function listenOn(server: DevServer, listen: readonly DevTarget[]): Promise<string[]> {
  try {
    return await server.listen();
  } catch (error) {
    await server.stop();
    const { code, port } = error as NodeJS.ErrnoException & { port?: number };
    const mend =
      code === 'EADDRINUSE' ? `; another program has it: choose another with --bind 127.0.0.1:PORT` : '';
    const place = port === undefined ? listen.map(describe).join(', ') : `port ${port}`;
    throw new CommandError(`cannot listen on ${place}: ${code ?? messageOf(error)}${mend}`, {
      exitCode: BIND_ERROR,
      cause: error,
    });
  }
}

function describe(target: DevTarget): string {
  return 'path' in target ? `unix:${target.path}` : `${target.host}:${target.port}`;
}

function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}

function serveLine(spec: string): string {
  return `highball serve ${/^[\w./:@-]+$/.test(spec) ? spec : `'${spec.replaceAll("'", String.raw`'\''`)}'`} --workers auto`;
}
