import { Ketama } from './ketama.ts';
import { leastLoadCost } from './least-load.ts';
import { LeastConnections } from './least-connections.ts';
import { Maglev } from './maglev.ts';
import type { StrategyName } from '../strategies.ts';
import { NginxIpHash } from './nginx-ip-hash.ts';
import { peakEwmaCost } from './peak-ewma.ts';
import { RandomChoice } from './random.ts';
import { Rendezvous } from './rendezvous.ts';
import { RoundRobin } from './round-robin.ts';
import type { Random, Strategy } from './strategy.ts';
import { TwoChoices } from './two-choices.ts';

/** What strategies are made with. */
export interface StrategySettings {
  readonly random: Random;
  readonly decayMs: number;
  readonly reportMaxAgeMs: number;
}

const makers: Readonly<Record<StrategyName, (settings: StrategySettings) => Strategy>> = {
  'round-robin': () => new RoundRobin(),
  'least-connections': () => new LeastConnections(),
  'ip-hash': () => new Rendezvous(),
  'nginx-ip-hash': () => new NginxIpHash(),
  ketama: () => new Ketama(),
  maglev: () => new Maglev(),
  rendezvous: () => new Rendezvous(),
  random: ({ random }) => new RandomChoice(random),
  'two-choices': ({ random }) => new TwoChoices(random),
  'peak-ewma': ({ random, decayMs }) => new TwoChoices(random, peakEwmaCost(decayMs)),
  'least-load': ({ random, reportMaxAgeMs }) => new TwoChoices(random, leastLoadCost(reportMaxAgeMs)),
};

/** Makes an empty strategy, or returns undefined where there is none of the name. */
export function createStrategy(name: StrategyName, settings: StrategySettings): Strategy | undefined {
  return Object.hasOwn(makers, name) ? makers[name](settings) : undefined;
}
