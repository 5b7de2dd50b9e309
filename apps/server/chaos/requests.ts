import { createHash } from 'node:crypto';
import type { Answer } from './answer-reader.ts';
import type { Random } from './random.ts';

/** A request, and what its answer has to be. */
export interface Request {
  readonly id: string;
  readonly kind: Kind;
  /** Sent one after the other, with a pause between them if there are several. */
  readonly parts: readonly Buffer[];
  /** The pause, in milliseconds. */
  readonly pauseMs: number;
  /** @returns what is wrong with the answer; undefined when it is right. */
  check(answer: Answer): string | undefined;
}

/** What a request asks for. */
export type Kind = 'plain' | 'large' | 'post' | 'chunked' | 'slow' | 'stream';

type Content = Pick<Request, 'parts' | 'check'>;

const kinds: Readonly<Record<Kind, (id: string, random: Random) => Content>> = {
  plain,
  large,
  post,
  chunked,
  slow,
  stream,
};

/** How often each kind is asked for: most requests of a real site are small and quick. */
const MIX: readonly Kind[] = [
  'plain',
  'plain',
  'plain',
  'plain',
  'large',
  'post',
  'chunked',
  'slow',
  'stream',
];
const MOST_SLOW_MS = 900;
const MOST_BODY_BYTES = 60_000;
const LARGE_BYTES = 1_000_000;
/** Now and then a client is slow, so that its worker is told to stop in the middle of a head, or of a body. */
const SLOWNESS = 0.1;
const MOST_PAUSE_MS = 900;
const USUAL_PAUSE_MS = 40;

/** Makes a request with an id that no other has. */
export function makeRequest(id: string, random: Random): Request {
  const kind = random.pick(MIX);
  const { parts, check } = kinds[kind](id, random);
  const isSlow = random.next() < SLOWNESS;
  return {
    id,
    kind,
    parts: isSlow ? cutFirst(parts, random) : parts,
    pauseMs: random.between(0, isSlow ? MOST_PAUSE_MS / 2 : USUAL_PAUSE_MS),
    check,
  };
}

/** Cuts the first part, which holds the head, somewhere. */
function cutFirst([first = Buffer.alloc(0), ...others]: readonly Buffer[], random: Random): Buffer[] {
  const at = random.between(0, first.length - 1);
  return [first.subarray(0, at), first.subarray(at), ...others];
}

function plain(id: string): Content {
  return { parts: [head('GET', '/', id)], check: (answer) => checkText(answer, echo(id, '')) };
}

function large(id: string, random: Random): Content {
  const fill = random.between(1, LARGE_BYTES);
  return {
    parts: [head('GET', `/?fill=${fill}`, id)],
    check: (answer) => checkText(answer, echo(id, '', fill)),
  };
}

function slow(id: string, random: Random): Content {
  const target = `/?ms=${random.between(50, MOST_SLOW_MS)}`;
  return { parts: [head('GET', target, id)], check: (answer) => checkText(answer, echo(id, '')) };
}

/** The body comes in two parts: the worker has the head when it is told to stop, and not yet the rest. */
function post(id: string, random: Random): Content {
  const body = id.repeat(random.between(2, MOST_BODY_BYTES / id.length));
  const half = random.between(1, body.length - 1);
  const start = head('POST', '/', id, `Content-Length: ${body.length}\r\n`);
  return {
    parts: [Buffer.concat([start, Buffer.from(body.slice(0, half))]), Buffer.from(body.slice(half))],
    check: (answer) => checkText(answer, echo(id, body)),
  };
}

function chunked(id: string, random: Random): Content {
  const pieces = Array.from({ length: random.between(1, 5) }, () => id.repeat(random.between(1, 200)));
  const chunks = pieces.map((piece) => Buffer.from(`${piece.length.toString(16)}\r\n${piece}\r\n`));
  return {
    parts: [head('POST', '/', id, 'Transfer-Encoding: chunked\r\n'), ...chunks, Buffer.from('0\r\n\r\n')],
    check: (answer) => checkText(answer, echo(id, pieces.join(''))),
  };
}

function stream(id: string, random: Random): Content {
  const pieces = random.between(2, 10);
  const lines = Array.from({ length: pieces }, (_, index) => `${id} ${index + 1}\n`);
  return {
    parts: [head('GET', `/stream?pieces=${pieces}&gap=${random.between(1, 80)}`, id)],
    check: (answer) => checkText(answer, lines.join('')),
  };
}

function head(method: string, target: string, id: string, fields = ''): Buffer {
  return Buffer.from(`${method} ${target} HTTP/1.1\r\nHost: chaos\r\nX-Request-Id: ${id}\r\n${fields}\r\n`);
}

/** What the application says of a request. */
function echo(id: string, body: string, fill = 0): string {
  const digest = createHash('sha1').update(body).digest('hex');
  return `${id} ${body.length} ${digest} ${'.'.repeat(fill)}\n`;
}

function checkText({ status, body }: Answer, expected: string): string | undefined {
  if (status !== 200) return `status ${status}`;
  const text = body.toString('latin1');
  return text === expected ? undefined : 'a wrong answer';
}
