import { spawnSync } from 'node:child_process';

/** Set in the process that has the network of its own. */
const MARK = 'HIGHBALL_BENCH_OWN_NETWORK';

/** An Ethernet's, which most connections over the internet have. */
const MTU_BYTES = 1500;

/**
 * Runs this program once more, in a network namespace whose loopback interface has the packet size of an Ethernet,
 * and exits with its result; returns in the process that is there.
 *
 * The loopback's usual 65,536 bytes let the kernel take megabytes of an answer for each connection at once, whatever
 * the server: a few hundred slow readers exhaust its memory for TCP (tcp_mem), and that would be all one measures.
 *
 * @throws when namespaces cannot be made: needs root, unshare (util-linux) and ip (iproute2).
 */
export function enterOwnNetwork(): void {
  if (process.env[MARK] !== undefined) return;
  const script = `ip link set lo mtu ${MTU_BYTES} up && exec "$@"`;
  const program = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const { status, error } = spawnSync('unshare', ['--net', 'sh', '-c', script, 'sh', ...program], {
    stdio: 'inherit',
    env: { ...process.env, [MARK]: '1' },
  });
  if (error) throw new Error(`this bench needs root, unshare and ip: ${error.message}`);
  process.exit(status ?? 1);
}
