import * as v from 'valibot';
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from '../log.ts';
import { type Declarations, oneOf, text } from './setting.ts';

/** What is logged, where and how. */
export interface LoggingSettings {
  /** The file of the error log, opened anew on USR1; `-` is standard error. @default '-' */
  errorLog: string;
  /** The file of the access log, opened anew on USR1; `-` is standard output, nothing is none. @default '' */
  accessLog: string;
  /** A format's name, gunicorn's atoms or nginx's variables: see @highball/access-log. @default 'combined' */
  accessLogFormat: string;
  /** How much is logged. @default 'info' */
  logLevel: LogLevel;
  /** How it is written. @default 'text' */
  logFormat: LogFormat;
}

export const loggingSettings: Declarations<LoggingSettings> = {
  errorLog: {
    group: 'Logging',
    flag: '--error-log <file>',
    help: 'the file of the error log, opened anew on USR1; - is standard error',
    expects: "the name of a file, or '-'",
    schema: v.pipe(text, v.string(), v.nonEmpty()),
    default: '-',
    defaultText: '- (standard error)',
    applies: 'upgrade',
  },
  accessLog: {
    group: 'Logging',
    flag: '--access-log <file>',
    help: 'the file of the access log, opened anew on USR1; - is standard output',
    expects: "the name of a file, or '-'",
    schema: v.pipe(text, v.string()),
    default: '',
    defaultText: 'none',
    applies: 'reload',
  },
  accessLogFormat: {
    group: 'Logging',
    flag: '--access-log-format <format>',
    help: "its lines: combined, common, gunicorn, json, or a template of gunicorn's atoms or nginx's variables",
    expects: "combined, common, gunicorn, json, or a template such as '$request $status'",
    schema: v.pipe(text, v.string(), v.nonEmpty()),
    default: 'combined',
    applies: 'reload',
  },
  logLevel: {
    group: 'Logging',
    flag: '--log-level <level>',
    help: `how much is logged: ${LOG_LEVELS.join(', ')}`,
    expects: LOG_LEVELS.join(', '),
    schema: oneOf(LOG_LEVELS),
    default: 'info',
    applies: 'reload',
  },
  logFormat: {
    group: 'Logging',
    flag: '--log-format <format>',
    help: `how it is written: ${LOG_FORMATS.join(', ')}`,
    expects: LOG_FORMATS.join(' or '),
    schema: oneOf(LOG_FORMATS),
    default: 'text',
    applies: 'upgrade',
  },
};
