import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findHeaderEnd, parseHeader } from '../src/response-header.ts';

const limits = { maxHeaderBytes: 1000, maxHeaderFields: 10 };
const parse = (...lines: string[]): ReturnType<typeof parseHeader> =>
  parseHeader(lines.map((line) => `${line}\n`).join(''), limits);
const codeOf = (...lines: string[]): unknown => {
  try {
    return parse(...lines);
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('findHeaderEnd', () => {
  test.each([
    ['A: b\n\nrest', 'A: b\n', 'rest'],
    ['A: b\r\n\r\nrest', 'A: b\r\n', 'rest'],
    ['A: b\r\n\n', 'A: b\r\n', ''],
    ['\nrest', '', 'rest'],
    ['\r\nrest', '', 'rest'],
  ])('%j', (output, text, rest) => {
    const end = findHeaderEnd(Buffer.from(output), 0);
    expect(end?.text).toBe(text);
    expect(Buffer.from(end?.rest ?? []).toString()).toBe(rest);
  });

  test.each(['', 'A', 'A: b\n', 'A: b\r\n', 'A: b\r\n\r', 'A\r\rb'])('%j has no end yet', (output) => {
    expect(findHeaderEnd(Buffer.from(output), 0)).toBeUndefined();
  });

  test('is found wherever the output was cut', () => {
    const line = fc.stringMatching(/^[A-Z]{1,5}: [a-z]{0,5}$/);
    const output = fc
      .tuple(
        fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n'))),
        fc.constantFrom('\n', '\r\n'),
        fc.string(),
      )
      .map(([lines, end, rest]) => ({ head: lines.flat().join(''), end, rest }));
    fc.assert(
      fc.property(output, fc.nat(), ({ head, end, rest }, cut) => {
        const bytes = Buffer.from(head + end + rest);
        const at = cut % (bytes.length + 1);
        const found = findHeaderEnd(bytes.subarray(0, at), 0) ?? findHeaderEnd(bytes, at);
        expect(found?.text).toBe(head);
      }),
    );
  });
});

describe('parseHeader', () => {
  test('a document', () => {
    expect(parse('Content-Type: text/html', 'X-A:b ', 'X-A: \tc')).toEqual({
      status: '200 OK',
      fields: [
        ['Content-Type', 'text/html'],
        ['X-A', 'b'],
        ['X-A', 'c'],
      ],
      localRedirect: undefined,
    });
  });

  test('Status is the status and no field, in any case of letters', () => {
    expect(parse('sTATUS: 404 Not Found')).toMatchObject({ status: '404 Not Found', fields: [] });
    expect(parse('Status: 299')).toMatchObject({ status: '299 ' });
  });

  test('fields of the connection are left out', () => {
    const lines = ['Content-Type: a/b', 'Connection: close', 'Transfer-Encoding: chunked', 'Upgrade: x'];
    expect(parse(...lines).fields).toEqual([['Content-Type', 'a/b']]);
  });

  test.each([
    [['Location: /a?b'], '302 Found', '/a?b'],
    [['Location: //host/a'], '302 Found', undefined],
    [['Location: https://h/'], '302 Found', undefined],
    [['Location: next.html'], '302 Found', undefined],
    [['Location: /a#b'], '302 Found', undefined],
    [['Location: /a', 'Set-Cookie: b=c'], '302 Found', undefined],
    [['Location: /a', 'Status: 303 See Other'], '303 See Other', undefined],
    [['Location: /made', 'Status: 201 Created'], '201 Created', undefined],
  ])('%j is %s, local: %s', (lines, status, localRedirect) => {
    expect(parse(...lines)).toMatchObject({ status, localRedirect });
  });

  test.each([
    [['Content-Type: a/b', 'bad'], 'BAD_FIELD'],
    [['Content-Type: a/b', ': x'], 'BAD_FIELD'],
    [['Content-Type: a/b', 'X Y: z'], 'BAD_FIELD'],
    [['Content-Type: a/b', 'X: a\rb'], 'BAD_FIELD'],
    [['Content-Type: a/b', 'X: a\0'], 'BAD_FIELD'],
    [['X: y'], 'NO_CGI_FIELD'],
    [[], 'NO_CGI_FIELD'],
    [['Status: 200', 'Status: 200'], 'REPEATED_CGI_FIELD'],
    [['Location: a', 'Location: b'], 'REPEATED_CGI_FIELD'],
    [['Status: 103 Early Hints'], 'BAD_STATUS'],
    [['Status: 20 OK'], 'BAD_STATUS'],
    [['Status: 200OK'], 'BAD_STATUS'],
    [['Status:'], 'BAD_STATUS'],
    [['Location:'], 'BAD_LOCATION'],
    [Array.from({ length: 11 }, () => 'X: y'), 'HEADER_TOO_LARGE'],
  ])('%j: %s', (lines, code) => {
    expect(codeOf(...lines)).toBe(code);
  });

  test('whatever a program writes, no field that comes of it holds a line break', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', ':', ' ', '\r', '\n', '\0', '-') }), (text) => {
        let fields: [string, string][] = [];
        try {
          ({ fields } = parseHeader(`Content-Type: a/b\n${text}\n`, limits));
        } catch (error) {
          expect((error as { status: string }).status).toBe('502 Bad Gateway');
        }
        for (const field of fields) expect(field.join('')).not.toMatch(/[\r\n\0]/);
      }),
    );
  });
});
