import type { Launch } from './launch.ts';
import { settingsOf } from './resolve-settings.ts';
import type { Pool } from './pools.ts';
import type { Stack } from './stack.ts';
import { version } from './version.ts';

/** What is shown once everything runs: the address, the processes, and what the configuration wants said. */
export function startReport(stack: Stack, { config, origins }: Launch): string {
  const { protocol } = settingsOf(origins);
  const { secured, tls } = stack.sockets;
  const addresses = stack.front.master.status().addresses.map((address, index) => {
    const isSecure = secured[index] ?? (tls !== undefined && !address.startsWith('unix:'));
    return openable(address, isSecure ? 'https' : protocol);
  });
  const lines = [
    `Highball ${version} serves ${addresses.join(' and ')}`,
    `  ${'master'.padEnd(10)} ${process.pid}`,
    ...stack.pools.map((pool) => poolLine(pool, pool === stack.front)),
  ];
  const message = config.startMessage?.replaceAll('{address}', addresses[0] ?? '').trimEnd();
  return message === undefined ? lines.join('\n') : `${lines.join('\n')}\n\n${message}\n`;
}

function poolLine({ name, master }: Pool, isFront: boolean): string {
  const { workers, addresses } = master.status();
  const pids = workers.map(({ pid }) => pid).join(' ');
  return `  ${name.padEnd(10)} workers ${pids}${isFront ? '' : ` on ${addresses.join(', ')}`}`;
}

/** An address that a browser, or a web server's configuration, can open, also for a server that listens everywhere. */
function openable(address: string, protocol: string): string {
  if (address.startsWith('unix:')) return protocol === 'https' ? `${protocol}://${address}` : address;
  return `${protocol}://${address.replace(/^0\.0\.0\.0:/, '127.0.0.1:').replace(/^\[::\]:/, '[::1]:')}`;
}
