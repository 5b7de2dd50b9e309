import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { type ErrorReport, reportError } from '../src/dev/error-report.ts';
import { errorHtml } from '../src/dev/error-html.ts';
import { errorText } from '../src/dev/error-text.ts';
import { CommandError } from '../src/errors.ts';
import { environOf } from './support.ts';

const report = (
  error: unknown,
  isOwn = (file: string): boolean => file === import.meta.filename,
): ErrorReport => reportError(error, { kind: 'request', environ: environOf('GET /'), isOwn });

const pageOf = (error: unknown): string =>
  errorHtml(report(error), { folder: import.meta.dirname, nonce: 'n', live: true });

describe('reportError', () => {
  test('shows the sources of the application, and no others', () => {
    const [error] = report(new TypeError('here')).errors;
    expect(error).toMatchObject({ name: 'TypeError', message: 'here' });
    expect(error?.frames[0]).toMatchObject({ origin: 'application' });
    expect(error?.frames[0]?.excerpt?.lines.join('\n')).toContain("report(new TypeError('here'))");
    expect(error?.frames.slice(1).filter(({ excerpt }) => excerpt !== undefined)).toEqual([]);
  });

  test('follows causes and what was gathered, each once, and not for ever', () => {
    const inner = new Error('inner');
    const outer = new AggregateError([new Error('gathered'), inner], 'outer', { cause: inner });
    inner.cause = outer;
    expect(report(outer).errors.map(({ message, relation }) => `${message} ${relation}`)).toEqual([
      'outer thrown',
      'inner cause',
      'gathered gathered',
    ]);
    let chain = new Error('0');
    for (let i = 1; i < 50; i++) chain = new Error(String(i), { cause: chain });
    expect(report(chain).errors).toHaveLength(10);
  });

  test('takes whatever was thrown', () => {
    for (const [thrown, text] of [
      ['text', "'text'"],
      [undefined, 'undefined'],
      [null, 'null'],
      [{ a: 1 }, '{ a: 1 }'],
    ] as const) {
      expect(report(thrown).errors).toEqual([
        { relation: 'thrown', name: 'Thrown value', message: text, details: [], frames: [] },
      ]);
    }
    expect(report(runInNewContext('new TypeError("foreign")')).errors[0]?.name).toBe('TypeError');
    const odd = Object.assign(new Error('odd'), { stack: undefined, name: 7, code: 'E_ODD' });
    expect(report(odd).errors).toEqual([
      { relation: 'thrown', name: '7', message: 'odd', details: [['code', 'E_ODD']], frames: [] },
    ]);
  });

  test('shows the cause of what the command would say in one line', () => {
    expect(report(new CommandError('cannot load', { cause: new RangeError('why') })).errors[0]?.name).toBe(
      'RangeError',
    );
    expect(report(new CommandError('exports nothing')).errors[0]).toMatchObject({
      name: 'Not loaded',
      message: 'exports nothing',
    });
  });

  test('takes an error that cannot be read', () => {
    const error = Object.defineProperty(new Error('x'), 'message', {
      get: () => {
        throw new Error('no');
      },
    });
    expect(report(error).errors[0]?.message).toBe('an error that cannot be read');
  });

  test('counts a recursion', () => {
    const fall = (depth: number): Error => (depth === 0 ? new Error('deep') : fall(depth - 1));
    const frames = report(fall(5)).errors[0]?.frames ?? [];
    expect(frames[1]).toMatchObject({ name: 'fall', times: 5 });
    expect(pageOf(fall(5))).toContain('× 5</span>');
    expect(errorText(report(fall(5)), '/')).toContain('(5 times)');
  });

  test('cuts what is too long to read', () => {
    expect(report(new Error('x'.repeat(100_000))).errors[0]?.message.length).toBeLessThan(6000);
  });
});

describe('the page of an error', () => {
  test('shows what an error holds as text only', () => {
    const evil = '<script>alert(1)</script>"\'&';
    const page = pageOf(
      Object.assign(new Error(evil), { name: evil, code: evil, [evil]: evil, cause: evil }),
    );
    expect(page).not.toContain('<script');
    expect(page.match(/&lt;script&gt;alert\(1\)&lt;\/script&gt;/g)?.length).toBeGreaterThan(5);
  });

  test('opens the first call of the application, and folds the others', () => {
    const page = pageOf(new Error('here'));
    expect(page.match(/<details class="frame" open>/g)).toHaveLength(1);
    expect(page).toMatch(/<summary>\d+ calls? outside the application<\/summary>/);
    expect(page).toMatch(/class="line hit" data-line="\d+">.*<mark>new<\/mark> Error/);
  });
});

describe('the text of an error', () => {
  test('keeps what opens something to itself', () => {
    const text = errorText(report(Object.assign(new Error('no'), { token: 'swordfish', code: 'E' })), '/');
    expect(text).toContain('token: [hidden]\n    code: E\n');
  });

  test('has the calls within the server only where there are no others', () => {
    const own = errorText(report(new Error('mine')), import.meta.dirname);
    expect(own).toMatch(/^Error: mine\n {4}at dev-error-report\.test\.ts:\d+:\d+\n/);
    expect(own).not.toContain('node:');
    const error = Object.assign(new Error('theirs'), {
      stack: 'Error\n    at f (node:net:1:2)\n'.replace('\n', '\n'),
    });
    expect(
      errorText(
        report(error, () => false),
        '/',
      ),
    ).toBe('Error: theirs\n    at f node:net:1:2');
  });
});
