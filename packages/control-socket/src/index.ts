export { connectControl } from './client.ts';
export type { CallOptions, ControlClient, ControlClientOptions } from './client.ts';
export type { Call, CommandHandler, CommandHandlers, CommandTypes } from './commands.ts';
export { ControlError, InvalidArgumentsError } from './errors.ts';
export type { ControlErrorCode } from './errors.ts';
export type { ControlServerOptions } from './options.ts';
export { serveControl } from './server.ts';
export type { ControlServer } from './server.ts';
