import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LOAD_CPU, onCpu } from './cpu.ts';
import { programOf } from './peers.ts';
import { type Client, headerLines } from './request.ts';

/** What is asked for, and by how many at a time. */
export interface Load {
  readonly connections: number;
  readonly client: Client;
  /** Asked for in turn. */
  readonly paths: readonly string[];
  /** What the client has already. */
  readonly etag?: string;
  /** Whether each request has another cookie than the one before, so that its fields do not repeat. */
  readonly cookies?: boolean;
}

/** What wrk has counted. */
export interface WrkResult {
  readonly requests: number;
  /** All that was read, heads and bodies. */
  readonly bytes: number;
  readonly durationUs: number;
  readonly failed: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

const TIMEOUT_SECONDS = 10;
/** More than a connection could take for repeating. */
const COOKIES = 997;

/** Loads the server for so long. @throws when an answer was an error, or none came. */
export async function runWrk(
  port: number,
  load: Load,
  seconds: number,
  cpus: string = LOAD_CPU,
): Promise<WrkResult> {
  const fields = headerLines(load.client, load.etag).flatMap((line) => ['-H', line]);
  const [command = '', ...args] = onCpu(cpus, [
    programOf('wrk'),
    '-t1',
    `-c${load.connections}`,
    `-d${seconds}s`,
    '--timeout',
    `${TIMEOUT_SECONDS}s`,
    ...fields,
    '-s',
    join(import.meta.dirname, 'wrk.lua'),
    `http://127.0.0.1:${port}`,
    '--',
    String(load.cookies ? COOKIES : 0),
    ...load.paths,
  ]);
  const { stdout } = await promisify(execFile)(command, args);
  return parseWrk(stdout);
}

/** Reads the line that wrk.lua has written. @throws when there is none, and when something has failed. */
export function parseWrk(output: string): WrkResult {
  const line = output.split('\n').find((each) => each.startsWith('{'));
  if (line === undefined) throw new Error(`wrk has not said what it counted:\n${output}`);
  const result = JSON.parse(line) as WrkResult;
  if (result.failed > 0 || result.requests === 0) {
    throw new Error(`${result.failed} of ${result.requests} requests have failed:\n${output}`);
  }
  return result;
}
