import type { AsgiScope } from '@highball/gateway-protocol';
import { isLatin1 } from '../check-environ.ts';
import { isPair, TOKEN } from '../check-head.ts';
import { kindOf, type Report, show } from '../report.ts';
import type { AsgiRuleCode } from '../rules.ts';

/** What a key of a scope must be. */
interface Requirement {
  readonly key: string;
  readonly code: AsgiRuleCode;
  readonly holds: (value: unknown, scope: Readonly<Record<string, unknown>>) => boolean;
  readonly mend: string;
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
const isOptionalObject = (value: unknown): boolean => value === undefined || isObject(value);
const isByteString = (value: unknown): boolean => typeof value === 'string' && isLatin1(value);
const isVersion = (value: unknown): boolean => typeof value === 'string' && /^\d+(\.\d+)?$/.test(value);

/** Host and port; a Unix socket has no port. */
function isAddress(value: unknown): boolean {
  if (value === null) return true;
  if (!Array.isArray(value) || value.length !== 2 || typeof value[0] !== 'string') return false;
  return value[1] === null || Number.isInteger(value[1]);
}

/** Whether fields are as ASGI has them: names in lower case. */
export function areFields(value: unknown): boolean {
  return Array.isArray(value) && (value as unknown[]).every((pair) => isPair(pair) && isField(pair));
}

function isField([name, value]: readonly [string, string]): boolean {
  if (!TOKEN.test(name) || name !== name.toLowerCase() || !isLatin1(value)) return false;
  // oxlint-disable-next-line no-control-regex
  return !/[\0-\x08\x0a-\x1f\x7f]|^[ \t]|[ \t]$/.test(value);
}

/** The mount point is a prefix of the path, which is given in full (ASGI HTTP spec 2.4). */
function isRoot(root: unknown, { path }: Readonly<Record<string, unknown>>): boolean {
  if (typeof root !== 'string') return false;
  return root === '' || (root.startsWith('/') && !root.endsWith('/') && String(path).startsWith(root));
}

const CONNECTION: readonly Requirement[] = [
  {
    key: 'http_version',
    code: 'SCOPE_HTTP_VERSION',
    holds: (value) => ['1.0', '1.1', '2', '3'].includes(value as string),
    mend: "write '1.1'",
  },
  {
    key: 'path',
    code: 'SCOPE_PATH',
    holds: (value) => typeof value === 'string' && /^(?:\/|$)/.test(value) && value.isWellFormed(),
    mend: 'decode what the client sent',
  },
  { key: 'raw_path', code: 'SCOPE_BYTES', holds: isByteString, mend: 'give it as it was sent' },
  { key: 'query_string', code: 'SCOPE_BYTES', holds: isByteString, mend: 'give it as it was sent' },
  { key: 'root_path', code: 'SCOPE_ROOT_PATH', holds: isRoot, mend: "write '' for the root" },
  { key: 'headers', code: 'SCOPE_HEADERS', holds: areFields, mend: 'give pairs of strings, in lower case' },
  { key: 'client', code: 'SCOPE_ADDRESS', holds: isAddress, mend: 'write null where it is not known' },
  { key: 'server', code: 'SCOPE_ADDRESS', holds: isAddress, mend: 'write null where it is not known' },
  { key: 'state', code: 'SCOPE_STATE', holds: isOptionalObject, mend: 'leave it out' },
  { key: 'extensions', code: 'SCOPE_STATE', holds: isOptionalObject, mend: 'leave it out' },
];

const REQUIREMENTS: Readonly<Record<AsgiScope['type'], readonly Requirement[]>> = {
  http: [
    ...CONNECTION,
    {
      key: 'method',
      code: 'SCOPE_METHOD',
      holds: (value) => typeof value === 'string' && TOKEN.test(value) && value === value.toUpperCase(),
      mend: "write it as 'GET'",
    },
    {
      key: 'scheme',
      code: 'SCOPE_SCHEME',
      holds: (value) => value === 'http' || value === 'https',
      mend: "write 'http' or 'https'",
    },
  ],
  websocket: [
    ...CONNECTION,
    {
      key: 'scheme',
      code: 'SCOPE_SCHEME',
      holds: (value) => value === 'ws' || value === 'wss',
      mend: "write 'ws' or 'wss'",
    },
    {
      key: 'subprotocols',
      code: 'SCOPE_SUBPROTOCOLS',
      holds: (value) => Array.isArray(value) && value.every((name) => typeof name === 'string'),
      mend: 'write [] for none',
    },
  ],
  lifespan: [{ key: 'state', code: 'SCOPE_STATE', holds: isOptionalObject, mend: 'leave it out' }],
};

/** Checks what a server says of a call; false when nothing more can be said of that call. */
export function checkScope(scope: unknown, report: Report): scope is AsgiScope {
  if (typeof scope !== 'object' || scope === null || Array.isArray(scope)) {
    report('SCOPE_NOT_OBJECT', `scope is ${kindOf(scope)}; pass an object`);
    return false;
  }
  const { type, asgi } = scope as Partial<AsgiScope>;
  if (type === undefined || !Object.hasOwn(REQUIREMENTS, type)) {
    report('SCOPE_TYPE', `type of scope is ${show(type)}; write 'http', 'websocket' or 'lifespan'`);
    return false;
  }
  if (!isVersion(asgi?.version) || !isVersion(asgi?.spec_version))
    report('SCOPE_VERSIONS', "asgi of scope lacks a version; write { version: '3.0', spec_version: '2.5' }");
  for (const { key, code, holds, mend } of REQUIREMENTS[type]) {
    const values = scope as Readonly<Record<string, unknown>>;
    if (!holds(values[key], values)) report(code, `${key} of scope is ${show(values[key])}; ${mend}`);
  }
  return true;
}
