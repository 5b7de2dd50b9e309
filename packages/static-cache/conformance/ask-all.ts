import { type Answer, ask } from './answer.ts';
import { type Facts, type Probe, probes } from './probes.ts';

/** What came of a probe: right, not asked, or what was said instead. */
export interface Outcome {
  readonly probe: Probe;
  readonly verdict: 'right' | 'not asked' | 'wrong';
  readonly status: number;
  /** Whether it ended the server. */
  readonly crashed: boolean;
}

/** What is asked of a server here. */
export interface Asked {
  /** Codings for which it looks for siblings. */
  readonly codings: readonly string[];
  port(): number;
  /** Starts it again when it has died, and says whether it had. */
  revive(): Promise<boolean>;
}

/** Asks a server everything. */
export async function askAll(server: Asked): Promise<Outcome[]> {
  const facts = await factsOf(server.port());
  const outcomes: Outcome[] = [];
  for (const probe of probes) {
    if (probe.needs !== undefined && !server.codings.includes(probe.needs)) {
      outcomes.push({ probe, verdict: 'not asked', status: 0, crashed: false });
      continue;
    }
    const answer = await ask(server.port(), probe.request(facts));
    // Who dies of a question closes the connection first.
    if (answer.status === 0) await new Promise((resolve) => setTimeout(resolve, 300));
    const crashed = await server.revive();
    const verdict = !crashed && probe.isRight(answer, facts) ? 'right' : 'wrong';
    outcomes.push({ probe, verdict, status: answer.status, crashed });
  }
  return outcomes;
}

async function factsOf(port: number): Promise<Facts> {
  const get = (path: string): Promise<Answer> =>
    ask(port, `GET ${path} HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n`);
  return {
    port,
    etag: (await get('/a.txt')).header('etag') ?? '"none"',
    packedEtag: (await get('/packed.js')).header('etag') ?? '"none"',
  };
}
