export { accessLog } from './access-log.ts';
export type { AccessLog } from './access-log.ts';
export { AccessLogError } from './errors.ts';
export type { AccessLogErrorCode } from './errors.ts';
export { checkFormat } from './format.ts';
export type { Format, FormatName } from './format.ts';
export type { Timers, WriterStats } from './log-writer.ts';
export type { AccessLogLog, AccessLogOptions } from './options.ts';
export type { AccessRecord } from './record.ts';
