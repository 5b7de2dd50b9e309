import { AccessLogError } from './errors.ts';
import { jsonString, oneLine } from './escape.ts';
import type { LogTime } from './log-time.ts';
import type { AccessRecord } from './record.ts';
import { compileTemplate, readTemplate, type Writer } from './template.ts';

/** Formats that have a name. */
export type FormatName = 'common' | 'combined' | 'gunicorn' | 'json';

/**
 * How a line looks: a name, a template (gunicorn's `%(h)s` or nginx's `$remote_addr`), the fields of a JSON object,
 * each a template, or a function.
 */
export type Format =
  | FormatName
  | (string & {})
  | { readonly json: Readonly<Record<string, string>> }
  | ((record: AccessRecord) => string);

const COMBINED =
  '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"';

const NAMED: Readonly<Record<Exclude<FormatName, 'json'>, string>> = {
  /** The Common Log Format of NCSA httpd. */
  common: '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent',
  /** nginx's default. */
  combined: COMBINED,
  /** gunicorn's default. */
  gunicorn: '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"',
};

const JSON_FIELDS: Readonly<Record<string, string>> = {
  time: '$time_iso8601',
  remoteAddress: '$remote_addr',
  remoteUser: '$remote_user',
  method: '$request_method',
  uri: '$request_uri',
  protocol: '$server_protocol',
  host: '$host',
  status: '$status',
  bodyBytes: '$body_bytes_sent',
  seconds: '$request_time',
  referer: '$http_referer',
  userAgent: '$http_user_agent',
  completion: '$request_completion',
};

/** @throws AccessLogError for a name that there is not. */
export function compileFormat(format: Format): Writer {
  if (typeof format === 'function') return (record) => oneLine(format(record));
  if (typeof format === 'object') return compileJson(format.json);
  if (format === 'json') return compileJson(JSON_FIELDS);
  if (Object.hasOwn(NAMED, format)) return compileTemplate(NAMED[format as keyof typeof NAMED]);
  if (!/[$%]/.test(format)) {
    const names = `${Object.keys(NAMED).join(', ')}, json`;
    throw new AccessLogError(
      'UNKNOWN_NAME',
      `no access log format is called '${format}': use ${names}, or a template such as '$remote_addr $status'`,
    );
  }
  if (/[\r\n]/.test(format)) {
    throw new AccessLogError('BAD_OPTION', 'an access log format is one line: take the line break out');
  }
  return compileTemplate(format);
}

/**
 * Whether a format can be written: to be told before anything is started.
 * @throws AccessLogError for a name that there is not.
 */
export function checkFormat(format: string): void {
  compileFormat(format as Format);
}

function compileJson(fields: Readonly<Record<string, string>>): Writer {
  const members = Object.entries(fields).map(([name, template], index) => {
    const key = `${index === 0 ? '{' : ','}${jsonString(Buffer.from(name).toString('latin1'))}:`;
    return { key, write: compileMember(template) };
  });
  if (members.length === 0) throw new AccessLogError('BAD_OPTION', 'a JSON access log needs a field');
  return (record, time) => {
    let line = '';
    for (const { key, write } of members) line += key + write(record, time);
    return `${line}}`;
  };
}

/** The value of a member: of a single name that is a number, the number; null for what is not there. */
function compileMember(template: string): Writer {
  const pieces = readTemplate(template);
  const [only] = pieces;
  if (pieces.length === 1 && typeof only === 'object') {
    const { read, kind } = only;
    return (record, time) => {
      const value = read(record, time);
      if (value === undefined) return 'null';
      return kind === 'number' ? value : jsonString(value);
    };
  }
  const parts = pieces.map((piece) =>
    typeof piece === 'string'
      ? () => Buffer.from(piece).toString('latin1')
      : (record: AccessRecord, time: LogTime) => piece.read(record, time) ?? '-',
  );
  return (record, time) => jsonString(parts.map((part) => part(record, time)).join(''));
}
