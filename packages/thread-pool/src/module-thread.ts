import type { Application } from '@highball/gateway-protocol';
import { ApplicationError } from './errors.ts';
import { serveThread } from './thread.ts';

/** The script of a thread whose application is an export of a module. */
await serveThread(async (data) => {
  const { module, name } = data as { module: string; name: string };
  const exports = (await import(module)) as Record<string, unknown>;
  if (typeof exports[name] === 'function') return exports[name] as Application;
  const known = Object.keys(exports).join(', ') || 'nothing';
  throw new ApplicationError('BAD_APPLICATION', `${module} exports no function ${name}; it exports ${known}`);
});
