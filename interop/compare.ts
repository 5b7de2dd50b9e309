import { createHash } from 'node:crypto';
import { type Answer, Client } from './client.ts';
import type { Expected, Request } from './requests.ts';

/** Tries one request at a server; resolves with what is not as expected, a line each. */
export async function tryRequest(port: number, request: Request): Promise<string[]> {
  const client = await Client.connect(port).catch((error: Error) => error);
  if (client instanceof Error) return [`no connection: ${client.message}`];
  try {
    const answers = await client.request(request.methods, request.steps);
    const differences = request.answers.flatMap((expected, i) => compare(expected, answers[i], i, request));
    if (differences.length === 0 && request.closes === true && !(await client.closes())) {
      return ['the connection: expected to be closed, got kept'];
    }
    return differences;
  } catch (error) {
    return [(error as Error).message];
  } finally {
    client.destroy();
  }
}

function compare(
  expected: Expected,
  answer: Answer | undefined,
  index: number,
  { answers }: Request,
): string[] {
  const which = answers.length > 1 ? `answer ${index + 1}: ` : '';
  // A message that breaks off may lose its head too; what it must not do is look complete.
  if (answer === undefined) return expected.complete === false ? [] : [`${which}no answer`];
  const differences: string[] = [];
  const check = (what: string, wanted: unknown, got: unknown): void => {
    if (JSON.stringify(wanted) !== JSON.stringify(got)) {
      differences.push(`${which}${what}: expected ${brief(wanted)}, got ${brief(got)}`);
    }
  };
  if (expected.complete === false && answer.status >= 500) return [];
  check('status', expected.status, answer.status);
  check('complete', expected.complete ?? true, answer.complete);
  for (const [name, wanted] of Object.entries(expected.fields ?? {})) {
    const values = answer.fields.filter(([field]) => field.toLowerCase() === name).map(([, value]) => value);
    check(name, wanted, Array.isArray(wanted) ? values : values.join(', ') || null);
  }
  if (typeof expected.body === 'string') check('body', expected.body, answer.body.toString());
  else if (expected.body !== undefined) compareJson(expected.body, answer.body.toString(), check);
  if (expected.sha1 !== undefined) {
    check(
      `SHA-1 of ${answer.body.length} bytes`,
      expected.sha1,
      createHash('sha1').update(answer.body).digest('hex'),
    );
  }
  return differences;
}

function compareJson(
  wanted: Readonly<Record<string, unknown>>,
  text: string,
  check: (what: string, wanted: unknown, got: unknown) => void,
): void {
  let got: Record<string, unknown> | undefined;
  try {
    got = JSON.parse(text) as Record<string, unknown>;
  } catch {
    check('body', 'JSON', text);
    return;
  }
  for (const [name, value] of Object.entries(wanted)) check(name, value, got[name]);
}

const BRIEF = 120;

function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > BRIEF ? `${text.slice(0, BRIEF)}… (${text.length} characters)` : text;
}
