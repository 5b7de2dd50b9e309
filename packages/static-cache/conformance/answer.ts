import { exchange } from '@highball/testkit';

/** What a server said to one request. */
export interface Answer {
  /** 0 when it said nothing. */
  readonly status: number;
  header(name: string): string | undefined;
  readonly body: string;
  /** All of it, as latin-1. */
  readonly raw: string;
}

/** Sends a request as it is written, and reads the answer; a server that says nothing has a second for it. */
export async function ask(port: number, request: string): Promise<Answer> {
  const raw = await exchange(port, request, 1500).catch(() => '');
  return parseAnswer(raw);
}

export function parseAnswer(raw: string): Answer {
  const end = raw.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = raw.slice(0, Math.max(0, end)).split('\r\n');
  const fields = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = fields.get(name);
    fields.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  const rest = end === -1 ? '' : raw.slice(end + 4);
  const chunked = fields.get('transfer-encoding') === 'chunked';
  return {
    status: Number(/^HTTP\/1\.[01] (\d{3})/.exec(statusLine)?.[1] ?? 0),
    header: (name) => fields.get(name),
    body: chunked ? unchunk(rest) : rest,
    raw,
  };
}

function unchunk(text: string): string {
  let body = '';
  for (let at = 0; ;) {
    const lineEnd = text.indexOf('\r\n', at);
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    if (!(size > 0)) return body;
    body += text.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
}
