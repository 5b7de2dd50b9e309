import { STRATEGIES } from '@highball/balancer/strategies';
import { Command, CommanderError, Option } from 'commander';
import { collect } from './collect.ts';
import type * as Commands from './commands.ts';
import { addCtl } from './ctl/command.ts';
import { addDev } from './dev/add-dev.ts';
import { exitCodeOf, messageOf, oneLine } from './errors.ts';
import { version } from './version.ts';

/** Runs what the command line asks for. Errors are one line on standard error and an exit code; a stack only on request. */
export async function runProgram(args: readonly string[]): Promise<void> {
  try {
    await createProgram().parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = reportError(error);
  }
}

/** Whoever asks for help, or one command, does not wait for what the others are made of: each loads its own. */
function createProgram(): Command {
  const program = new Command('highball')
    .description('Puts a web application into production: workers, static files, balancing and proxying.')
    .version(version)
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ outputError: () => undefined });
  const commands = [
    program
      .command('serve')
      .description("run an application on pre-forked workers (gunicorn's role)")
      .argument('<module>', 'MODULE[:EXPORT], as in app.ts:app')
      .action(later('serveCommand')),
    program
      .command('static')
      .description("serve the files of a folder (nginx's role)")
      .argument('<dir>', 'the folder')
      .option('--max-age <seconds>', 'a browser may use a file for so long without asking')
      .option('--fallback <file>', 'the file that answers where there is none, as index.html')
      .option('--autoindex', 'list folders that have no index.html')
      .option('--compress', 'compress what has no compressed sibling, by zstd, brotli or gzip')
      .action(later('staticCommand')),
    program
      .command('proxy')
      .description('balance over servers and hide them')
      .argument(
        '<upstream...>',
        'http, https, h2c, h2, grpc, grpcs, uwsgi, fastcgi or scgi://HOST:PORT, unix:/PATH, h2c+unix:/PATH…',
      )
      .addOption(new Option('--balance <strategy>', 'how a server is chosen').choices(STRATEGIES))
      .option('--connect-timeout <seconds>', 'a server must accept within this time (60)')
      .option('--read-timeout <seconds>', 'a server may be silent for so long within an answer (60)')
      .option('--send-timeout <seconds>', 'a server may take nothing of a request for so long (60)')
      .option('--document-root <dir>', 'where the programs of FastCGI, uwsgi and SCGI lie: DOCUMENT_ROOT')
      .option('--script-filename <file>', 'one program for all paths, as index.php: SCRIPT_FILENAME')
      .option('--trust <cidr>', 'the same as --forwarded-allow-ips; repeatable', collect)
      .action(later('proxyCommand')),
    program
      .command('run')
      .description('run the whole stack of a configuration file')
      .action(later('runCommand')),
    program
      .command('check')
      .description('say whether a configuration file is correct, and its applications load')
      .action(later('checkCommand')),
    program
      .command('explain')
      .description('say which routes a request would meet, and who would answer it')
      .argument('<method>', 'as GET')
      .argument('<url>', '/path, or http://host/path')
      .option('-H, --header <field>', "a field of the request, 'Name: value'; repeatable", collect)
      .option('--from <address>', "the client's address", '127.0.0.1')
      .action(later('explainCommand')),
  ];
  for (const command of commands) addConfig(command);
  program.hook('preSubcommand', async (_, command) => {
    if (!commands.includes(command)) return;
    const { addSettings } = await import('./add-settings.ts');
    addSettings(command);
  });
  addCtl(program);
  addDev(program);
  return program;
}

/** The function of a command; the modules that it takes are loaded when it is called. */
function later<Name extends keyof typeof Commands>(
  name: Name,
): (...args: Parameters<(typeof Commands)[Name]>) => Promise<void> {
  return async (...args) => {
    const run: (...args: never) => Promise<void> = (await import('./commands.ts'))[name];
    await run(...(args as never));
  };
}

/** Gives a command the flags that concern the configuration itself; those of the settings come when it is parsed. */
function addConfig(command: Command): void {
  command
    .option('-c, --config <file>', 'the configuration file')
    .option('--check-config', 'say whether everything is correct, applications included, and end')
    .option('--print-config', 'show each setting, its value and where that comes from, and end');
}

/** Says what went wrong, in one line; returns the exit code. */
function reportError(error: unknown): number {
  // commander has shown the help or the version itself.
  if (error instanceof CommanderError && (error.exitCode === 0 || error.code === 'commander.help')) {
    return error.exitCode;
  }
  const message = oneLine(messageOf(error)).replace(/^error: /, '');
  process.stderr.write(`highball: ${message}\n`);
  if (process.env['HIGHBALL_LOG_LEVEL'] === 'debug' && error instanceof Error)
    process.stderr.write(`${error.stack}\n`);
  return exitCodeOf(error);
}
