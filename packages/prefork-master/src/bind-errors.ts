import { type FdTarget, formatBind, type ListenTarget } from './bind.ts';
import { BindError } from './errors.ts';

/** A descriptor that cannot be listened on. */
export function notASocket(target: FdTarget): BindError {
  return new BindError(
    'not-a-socket',
    `${formatBind(target)} is no listening socket; have the launcher pass one (systemd: a .socket unit)`,
  );
}

/** Says of what the system has refused what it means, and the mend. */
export function explain(target: ListenTarget, { code }: { code?: string | undefined }): BindError {
  const name = formatBind(target);
  switch (code) {
    case 'EADDRINUSE':
      return new BindError(
        'address-in-use',
        `${name} is in use; stop the program that holds it or choose another --bind`,
      );
    case 'EADDRNOTAVAIL':
      return new BindError(
        'address-unavailable',
        `${name} is no address of this machine; bind one that it has (ip address lists them) or 0.0.0.0`,
      );
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new BindError('host-unknown', `${name}: the name has no address (${code}); write an IP address`);
    case 'EACCES':
    case 'EPERM':
      return new BindError('permission', `${name} is not allowed to this user; ${mendPermission(target)}`);
    case 'ENOTDIR':
      return new BindError('socket-path', `${name}: a part of the path is no folder; choose another path`);
    case 'EBADF':
    case 'EINVAL':
    case 'ENOTSOCK':
      if ('fd' in target) return notASocket(target);
      break;
    default:
  }
  return new BindError('bind-failed', `${name} cannot be listened on: ${code ?? 'unknown error'}`);
}

function mendPermission(target: ListenTarget): string {
  if ('path' in target) return 'choose a folder that it may write to';
  return 'choose a port from 1024 up, or give the program the capability CAP_NET_BIND_SERVICE';
}
