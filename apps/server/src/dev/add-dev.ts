import { type Command, Option } from 'commander';
import { collect } from '../collect.ts';
import type { DevFlags } from './command.ts';

/** Adds the command `dev` to the program. */
export function addDev(program: Command): void {
  const interfaces = ['auto', 'wsgi', 'asgi', 'node', 'fetch'];
  program
    .command('dev')
    .description('serve an application while it is being written: reloads, and shows errors')
    .argument('<module>', 'MODULE[:EXPORT], as in app.ts:app')
    .option(
      '-b, --bind <address>',
      'where to listen: 127.0.0.1:PORT, PORT or unix:/PATH; repeatable',
      collect,
    )
    .option('--reload-extra-file <file>', 'reload also when this file changes; repeatable', collect)
    .option('--allow-host <name>', 'answer also for this name; repeatable', collect)
    .addOption(
      new Option('--interface <kind>', 'what the application is; auto recognises it')
        .choices(interfaces)
        .env('HIGHBALL_INTERFACE')
        .default('auto'),
    )
    .option('--no-validate', 'do not check the application against the protocol')
    .option('--i-know', 'listen where other machines can reach it, and under NODE_ENV=production')
    .action(async (spec: string, flags: DevFlags) => {
      const { devCommand } = await import('./command.ts');
      await devCommand(spec, flags);
    });
}
