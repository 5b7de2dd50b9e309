import { BindError, type ListenTarget as BindTarget, parseBind } from '@highball/prefork-master';
import { BlockList, isIP } from 'node:net';
import { CommandError, messageOf } from '../errors.ts';

/** Where a development server may listen. */
export type DevTarget = Exclude<BindTarget, { readonly fd: number }>;

/** As elsewhere: gunicorn's default. */
const DEFAULT_BIND = '127.0.0.1:8000';

/** RFC 1122 §3.2.1.3, RFC 4291 §2.5.3. */
const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/**
 * The addresses of `--bind`, or of `$HIGHBALL_BIND`, or the port `$PORT` of the loopback.
 * @param options.iKnow - whether `--i-know` was said: other machines may then reach the server.
 * @throws CommandError for an address that other machines can reach, and for one that is none.
 */
export function devAddresses(options: {
  bind: readonly string[] | undefined;
  env: Readonly<Record<string, string | undefined>>;
  iKnow: boolean;
}): DevTarget[] {
  const { bind, env, iKnow } = options;
  const texts = bind ?? env['HIGHBALL_BIND']?.split(',') ?? [env['PORT'] || DEFAULT_BIND];
  return texts.map((text) => {
    const target = parse(text.trim());
    if (!iKnow && !isPrivate(target)) {
      throw new CommandError(
        `dev shows sources and environ to whoever reaches it, so it does not listen on '${text}'; bind a loopback address as 127.0.0.1:8000, or say --i-know`,
      );
    }
    return target;
  });
}

function parse(text: string): DevTarget {
  try {
    const target = parseBind(text);
    if ('fd' in target)
      throw new CommandError(`dev binds its addresses itself; '${text}' is for highball serve`);
    return target;
  } catch (error) {
    if (error instanceof BindError) throw new CommandError(`--bind: ${messageOf(error)}`, { cause: error });
    throw error;
  }
}

/** A name is believed only if it is `localhost`: where others lead is for the resolver to say (RFC 6761 §6.3). */
function isPrivate(target: DevTarget): boolean {
  if ('path' in target) return true;
  const version = isIP(target.host);
  if (version === 0) return target.host.toLowerCase() === 'localhost';
  return loopback.check(target.host, version === 4 ? 'ipv4' : 'ipv6');
}
