export { captureServers } from './capture-servers.ts';
export type { Capture, CapturedServer, CaptureOptions } from './capture-servers.ts';
export type { AskedAddress } from './captured-server.ts';
export { AdapterUsageError } from './errors.ts';
