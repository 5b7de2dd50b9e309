export type { Clock } from './clock.ts';
export {
  AsgiError,
  AsgiOptionError,
  AsgiProtocolError,
  ClientDisconnected,
  LifespanError,
} from './errors.ts';
export type { AsgiProtocolErrorCode, LifespanErrorCode } from './errors.ts';
export { fromAsgi } from './from-asgi.ts';
export type { AsgiGateway, FromAsgiOptions } from './from-asgi.ts';
export type { LifespanHooks } from './lifespan-hooks.ts';
export type { LifespanOptions } from './lifespan.ts';
export { toAsgi } from './to-asgi.ts';
export type { ToAsgiOptions } from './to-asgi.ts';
