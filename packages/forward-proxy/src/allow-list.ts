import {
  type AddressBytes,
  contains,
  hasHostBits,
  type Network,
  parseAddress,
  parseNetwork,
} from '@highball/ip-networks';
import { isIPv4 } from 'node:net';
import type { Destination } from './destination.ts';
import { ForwardProxyConfigError } from './errors.ts';
import { isSpecialAddress } from './special-addresses.ts';

/** Ports that a rule without any stands for. */
const USUAL_PORTS = {
  // What browsers tunnel to; mail servers and shells are not reached by accident (Squid's SSL_ports).
  connect: [[443, 443]],
  absolute: [[80, 80], [443, 443]],
} as const satisfies Record<Destination['form'], readonly PortRange[]>; // prettier-ignore

type PortRange = readonly [from: number, to: number];

interface Rule {
  /** What the host must be: any, a name, below a name, or in a network. */
  readonly host: 'any' | { name: string } | { below: string } | { network: Network };
  /** Undefined: the usual ones. */
  readonly ports: readonly PortRange[] | undefined;
}

type Wanted = Pick<Destination, 'form' | 'host' | 'port'>;

/**
 * Which destinations may be reached. What is not listed may not; private and other special addresses must be
 * listed as addresses, whatever name they hide behind.
 */
export class AllowList {
  readonly #rules: readonly Rule[];

  /** @throws ForwardProxyConfigError BAD_RULE */
  constructor(rules: readonly string[]) {
    this.#rules = rules.map(parseRule);
  }

  /** Whether it is worth while to ask for the addresses of the host. */
  mayPermit(wanted: Wanted): boolean {
    const literal = parseAddress(wanted.host);
    if (literal !== undefined) return this.#listed(wanted, literal);
    return this.#rules.some(
      ({ host, ports }) => matchesPort(ports, wanted) && (isNetwork(host) || matchesName(host, wanted.host)),
    );
  }

  /** Whether the host may be reached at this address of its. */
  permits(wanted: Wanted, address: AddressBytes): boolean {
    if (!isSpecialAddress(address)) return this.#listed(wanted, address);
    return this.#rules.some((rule) => isNetwork(rule.host) && matches(rule, wanted, address));
  }

  #listed(wanted: Wanted, address: AddressBytes): boolean {
    return this.#rules.some((rule) => matches(rule, wanted, address));
  }
}

function matches({ host, ports }: Rule, wanted: Wanted, address: AddressBytes): boolean {
  if (!matchesPort(ports, wanted)) return false;
  return isNetwork(host) ? contains(host.network, address) : matchesName(host, wanted.host);
}

function matchesPort(ports: Rule['ports'], { form, port }: Wanted): boolean {
  return (ports ?? USUAL_PORTS[form]).some(([from, to]) => port >= from && port <= to);
}

function matchesName(rule: Exclude<Rule['host'], { network: Network }>, host: string): boolean {
  if (rule === 'any') return true;
  return 'name' in rule ? host === rule.name : host.endsWith(rule.below);
}

function isNetwork(host: Rule['host']): host is { network: Network } {
  return typeof host === 'object' && 'network' in host;
}

const RULE = /^(\[[^\]]+\]|[^:[\]]+)(?::([\d,*-]+))?$/;
const NAME = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;

function parseRule(text: string): Rule {
  const [, host = '', ports] = RULE.exec(text.toLowerCase()) ?? [];
  return { host: parseHost(host, text), ports: ports === undefined ? undefined : parsePorts(ports, text) };
}

function parseHost(host: string, text: string): Rule['host'] {
  if (host === '*') return 'any';
  const bare = host.startsWith('[') ? host.slice(1, -1) : host;
  const network = parseNetwork(bare);
  // Whoever wrote 10.0.0.1/8 may have meant one address: what is let out is to be said exactly.
  if (network !== undefined && !hasHostBits(network)) return { network };
  if (host.startsWith('*.') && NAME.test(host.slice(2))) return { below: host.slice(1) };
  const name = host.replace(/\.$/, '');
  // 10.0.0 or 10.0.0.0/33 would be a name that nothing ever has.
  if (NAME.test(name) && !/(^|\.)\d+$/.test(name) && !isIPv4(name)) return { name };
  throw badRule(text);
}

function parsePorts(text: string, rule: string): readonly PortRange[] {
  if (text === '*') return [[1, 65_535]];
  return text.split(',').map((part) => {
    const [, from = '', to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part) ?? [];
    const range = [Number(from), Number(to)] as const;
    if (from === '' || range[0] < 1 || range[1] > 65_535 || range[0] > range[1]) throw badRule(rule);
    return range;
  });
}

function badRule(text: string): ForwardProxyConfigError {
  return new ForwardProxyConfigError(
    'BAD_RULE',
    `'${text}' is no destination; write example.com, *.example.com:8443, 10.1.0.0/16:80,8000-8999, [fd00::/8]:* or *`,
  );
}
