import { Agent, type IncomingMessage, request as send } from 'node:http';
import { createWorker } from '@highball/async-worker';
import { reverseProxy } from '@highball/reverse-proxy';
import { httpCache, type HttpCacheOptions } from '../src/index.ts';
import { datedFields, type Origin, startOrigin } from './origin.ts';
import type { Probe, Step } from './probe.ts';

/** What a probe has shown: the first thing that was not as it should be, if there is one. */
export interface ProbeResult {
  readonly probe: Probe;
  readonly failure: string | undefined;
}

interface Received {
  readonly status: number;
  readonly fields: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

/** A whole minute before 2030 begins, so that dates of the probes can be read. */
const START_MS = Date.parse('2030-01-01T00:00:00Z');
/** Beyond IANA's registry: a method that no cache knows must invalidate too. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'M-SEARCH'];

/** Runs probes one after another: client → worker → cache → reverse proxy → origin, each over a socket of its own. */
export async function runProbes(
  probes: readonly Probe[],
  options: HttpCacheOptions = {},
): Promise<ProbeResult[]> {
  const clock = { nowMs: START_MS };
  const origin = await startOrigin(() => clock.nowMs);
  const cache = httpCache({ now: () => clock.nowMs, ...options });
  const peer = { id: `http://127.0.0.1:${origin.port}` };
  const proxy = reverseProxy({
    picker: { pick: ({ exclude }) => (exclude.size > 0 ? undefined : peer), release: () => undefined },
  });
  const worker = createWorker(cache(proxy), { parser: { methods: METHODS } });
  const { port } = (await worker.listen({ port: 0, host: '127.0.0.1' })) as { port: number };
  const agent = new Agent({ keepAlive: true });
  const results: ProbeResult[] = [];
  try {
    for (const probe of probes)
      results.push({ probe, failure: await runProbe(probe, origin, port, agent, clock) });
  } finally {
    agent.destroy();
    await worker.close();
    await origin.close();
    await cache.close();
  }
  return results;
}

async function runProbe(
  probe: Probe,
  origin: Origin,
  port: number,
  agent: Agent,
  clock: { nowMs: number },
): Promise<string | undefined> {
  for (const [index, step] of probe.steps.entries()) {
    origin.play(probe.id, step);
    const before = origin.requestsOf(probe.id).length;
    const fields = datedFields(step.ask ?? [], clock.nowMs);
    const answer = await exchange(port, agent, step, `/${probe.id}${step.at ?? ''}`, fields);
    const failure = judge(step, answer, origin.requestsOf(probe.id).slice(before), before);
    if (failure !== undefined) return `request ${index + 1}: ${failure}`;
    clock.nowMs += (step.wait ?? 0) * 1000;
  }
  return undefined;
}

function exchange(
  port: number,
  agent: Agent,
  step: Step,
  path: string,
  fields: [string, string][],
): Promise<Received> {
  return new Promise((resolve, reject) => {
    const headers = ['Host', 'site.example', ...fields.flat()];
    if (step.body !== undefined) headers.push('Content-Length', String(step.body.length));
    const client = send({ port, host: '127.0.0.1', agent, path, method: step.method ?? 'GET', headers });
    client.once('error', reject);
    client.once('response', (response: IncomingMessage) => {
      let body = '';
      response.setEncoding('latin1').on('data', (text: string) => (body += text));
      response.once('error', reject);
      response.once('end', () =>
        resolve({ status: response.statusCode as number, fields: response.headers, body }),
      );
    });
    client.end(step.body);
  });
}

type Seen = ReturnType<Origin['requestsOf']>;

function judge(step: Step, answer: Received, seen: Seen, before: number): string | undefined {
  return (
    judgeSource(step, answer, seen, before) ??
    judgeStatus(step, answer) ??
    judgeFields(step, answer) ??
    judgeAsked(step, seen)
  );
}

/** The count that the origin puts into each answer tells where an answer comes from, whatever else was fetched. */
function judgeSource(
  { from, hangUp }: Step,
  { status, fields }: Received,
  seen: Seen,
  before: number,
): string | undefined {
  const count = fields['origin-count'];
  const stored = count !== undefined && Number(count) <= before;
  if (from === 'store' && !stored) return 'did not come from the store';
  // Of an origin that hangs up nothing comes but the proxy's own error.
  if (from === 'origin' && (hangUp ? status < 500 : stored || (count === undefined && status < 500)))
    return 'came from the store';
  if (from === 'validation') {
    const asked = seen.some(
      (request) => request.fields.has('if-none-match') || request.fields.has('if-modified-since'),
    );
    if (!asked) return 'the origin was not asked on a condition';
  }
  return undefined;
}

function judgeStatus({ gets, status, from, reads }: Step, answer: Received): string | undefined {
  const wanted = gets ?? (from === 'origin' && status !== undefined ? Number(status.slice(0, 3)) : undefined);
  if (wanted !== undefined && answer.status !== wanted) return `status ${answer.status} instead of ${wanted}`;
  if (reads !== undefined && answer.body !== reads) return `body '${answer.body}' instead of '${reads}'`;
  return undefined;
}

function judgeFields({ has = [], hasNot = [] }: Step, { fields }: Received): string | undefined {
  const valueOf = (name: string): string | undefined => {
    const value = fields[name.toLowerCase()];
    return Array.isArray(value) ? value.join(', ') : value;
  };
  for (const [name, wanted] of has) {
    const value = valueOf(name);
    const fits = typeof wanted === 'number' ? Number(value) >= wanted : value === wanted;
    if (!fits) return `${name} is '${value}' instead of '${wanted}'`;
  }
  for (const unwanted of hasNot) {
    const [name, value] = typeof unwanted === 'string' ? [unwanted] : unwanted;
    const found = valueOf(name);
    if (found !== undefined && (value === undefined || found === value)) return `${name} is there`;
  }
  return undefined;
}

function judgeAsked({ asked = [] }: Step, seen: Seen): string | undefined {
  for (const [name, value] of asked) {
    const found = seen.at(-1)?.fields.get(name.toLowerCase());
    if (found !== value) return `the origin got ${name} '${found}' instead of '${value}'`;
  }
  return undefined;
}
