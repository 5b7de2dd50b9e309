import { type Declarations, number, whole } from './setting.ts';

/** How long and how large requests may be. */
export interface LimitSettings {
  /** Seconds an idle connection is kept; should exceed those of a proxy in front. @default 75 */
  keepAlive: number;
  /** Seconds in which a request head must be complete. @default 20 */
  headTimeout: number;
  /** Seconds by which a request body may fall behind its least rate of 500 bytes a second. @default 20 */
  bodyTimeout: number;
  /** Seconds for which a client may take nothing of its answer, or by which it may fall behind the least rate. @default 60 */
  writeTimeout: number;
  /** Bytes a second at which a client must take its answer, as far as it is there; 0 none. @default 240 */
  writeMinRate: number;
  /** Seconds in which a request must be answered; 0 never. @default 0 */
  requestTimeout: number;
  /** Bytes of a request line. @default 8190 */
  limitRequestLine: number;
  /** Fields of a request. @default 100 */
  limitRequestFields: number;
  /** Bytes of one field. @default 8190 */
  limitRequestFieldSize: number;
  /** Bytes of a request body; 0 is no limit. @default 0 */
  limitRequestBody: number;
}

export const limitSettings: Declarations<LimitSettings> = {
  keepAlive: {
    group: 'Limits and deadlines',
    flag: '--keep-alive <seconds>',
    help: 'an idle connection is kept for so long',
    expects: 'seconds, from 1 to 86400',
    schema: number(1, 86_400),
    default: 75,
    applies: 'reload',
  },
  headTimeout: {
    group: 'Limits and deadlines',
    flag: '--head-timeout <seconds>',
    help: 'a request head must be complete within this time',
    expects: 'seconds, from 1 to 3600',
    schema: number(1, 3600),
    default: 20,
    applies: 'reload',
  },
  bodyTimeout: {
    group: 'Limits and deadlines',
    flag: '--body-timeout <seconds>',
    help: 'a request body may fall so far behind 500 bytes a second',
    expects: 'seconds, from 1 to 3600',
    schema: number(1, 3600),
    default: 20,
    applies: 'reload',
  },
  writeTimeout: {
    group: 'Limits and deadlines',
    flag: '--write-timeout <seconds>',
    help: 'a client may take nothing of its answer for so long, or fall so far behind --write-min-rate',
    expects: 'seconds, from 1 to 86400',
    schema: number(1, 86_400),
    default: 60,
    applies: 'reload',
  },
  writeMinRate: {
    group: 'Limits and deadlines',
    flag: '--write-min-rate <bytes>',
    help: 'bytes a second at which a client must take its answer; 0 is none',
    expects: 'a whole number of bytes',
    schema: whole(0, Number.MAX_SAFE_INTEGER),
    default: 240,
    applies: 'reload',
  },
  requestTimeout: {
    group: 'Limits and deadlines',
    flag: '--request-timeout <seconds>',
    help: 'a request must be answered within this time; 0 is never',
    expects: 'seconds, from 0 to 86400',
    schema: number(0, 86_400),
    default: 0,
    applies: 'reload',
  },
  limitRequestLine: {
    group: 'Limits and deadlines',
    flag: '--limit-request-line <bytes>',
    help: 'bytes of a request line',
    expects: 'a whole number from 64 to 1048576',
    schema: whole(64, 1_048_576),
    default: 8190,
    applies: 'reload',
  },
  limitRequestFields: {
    group: 'Limits and deadlines',
    flag: '--limit-request-fields <count>',
    help: 'fields of a request',
    expects: 'a whole number from 1 to 32768',
    schema: whole(1, 32_768),
    default: 100,
    applies: 'reload',
  },
  limitRequestFieldSize: {
    group: 'Limits and deadlines',
    flag: '--limit-request-field-size <bytes>',
    help: 'bytes of one field',
    expects: 'a whole number from 64 to 1048576',
    schema: whole(64, 1_048_576),
    default: 8190,
    applies: 'reload',
  },
  limitRequestBody: {
    group: 'Limits and deadlines',
    flag: '--limit-request-body <bytes>',
    help: 'bytes of a request body; 0 is no limit',
    expects: 'a whole number of bytes',
    schema: whole(0, Number.MAX_SAFE_INTEGER),
    default: 0,
    applies: 'reload',
  },
};
