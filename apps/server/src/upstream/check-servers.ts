import { checkPreface, parseUpstream } from '@highball/reverse-proxy/upstream';
import { CommandError, messageOf } from '../errors.ts';

/** What a package says of an option is said of the upstream that has it. */
export function named<Made>(name: string, create: () => Made): Made {
  try {
    return create();
  } catch (error) {
    throw new CommandError(`upstream '${name}': ${messageOf(error)}`, { cause: error });
  }
}

/** @throws CommandError when a server's address is none, or it cannot be told by PROXY for whom a connection is. */
export function checkServers(servers: readonly string[], name: string, proxyProtocol?: 1 | 2): void {
  for (const server of servers) {
    named(name, () => checkPreface(server, parseUpstream(server), proxyProtocol));
  }
}
