import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface HaproxySettings {
  /** Where it listens, and the server behind it, on the loopback both. */
  readonly port: number;
  readonly upstream: number;
  /** @default 5000 */
  readonly connectTimeoutMs?: number;
  /** @default 30000 */
  readonly clientTimeoutMs?: number;
  /** @default 30000 */
  readonly serverTimeoutMs?: number;
}

/**
 * Writes a configuration for HAProxy with one thread, in the foreground, whose clients share the connections to the
 * server behind.
 * @returns the arguments that it is started with.
 */
export async function haproxyArguments(
  folder: string,
  {
    port,
    upstream,
    connectTimeoutMs = 5000,
    clientTimeoutMs = 30_000,
    serverTimeoutMs = 30_000,
  }: HaproxySettings,
): Promise<string[]> {
  const file = join(folder, 'haproxy.cfg');
  await mkdir(folder, { recursive: true });
  await writeFile(
    file,
    `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  option forwardfor
  timeout connect ${connectTimeoutMs}ms
  timeout client ${clientTimeoutMs}ms
  timeout server ${serverTimeoutMs}ms
frontend front
  bind 127.0.0.1:${port}
  default_backend behind
backend behind
  http-reuse always
  server one 127.0.0.1:${upstream}
`,
  );
  return ['-db', '-f', file];
}
