import { describe, expect, test } from 'vitest';
import { ErrorBudget, ErrorLines } from '../src/error-lines.ts';
import { ErrorText, TestClock } from './support.ts';

function make(maxErrorLineBytes = 100, maxErrorLinesPerSecond = 100) {
  const clock = new TestClock();
  const errors = new ErrorText();
  const budget = new ErrorBudget({ clock, maxErrorLineBytes, maxErrorLinesPerSecond });
  return { clock, errors, budget, lines: new ErrorLines(budget, errors, 'p') };
}

describe('ErrorLines', () => {
  test('makes lines of pieces; the last may lack its end', () => {
    const { lines, errors } = make();
    for (const piece of ['on', 'e\ntw', 'o\r\n\nthree']) lines.push(Buffer.from(piece));
    expect(errors.text).toBe('p: one\np: two\np: \n');
    lines.end();
    lines.end();
    expect(errors.text).toBe('p: one\np: two\np: \np: three\n');
  });

  test('cuts long lines, whatever the pieces', () => {
    const { lines, errors } = make(4);
    lines.push(Buffer.from('abcd\nabcdef\nab'));
    lines.push(Buffer.from('cd'));
    lines.push(Buffer.from('ef\nx\n'));
    expect(errors.text).toBe('p: abcd\np: abcd…\np: abcd…\np: x\n');
  });

  test('writes control characters as escapes, tabs and letters as they are', () => {
    const { lines, errors } = make();
    lines.push(Buffer.from('a\x1b[2J\0\tö\x9b\n'));
    expect(errors.text).toBe('p: a\\x1b[2J\\x00\tö\\x9b\n');
  });
});

describe('ErrorBudget', () => {
  test('logs so many lines a second, and then how many were left out', () => {
    const { budget, errors, clock } = make(100, 2);
    for (const line of ['1', '2', '3', '4']) budget.log(errors, line);
    clock.move(999);
    budget.log(errors, '5');
    expect(errors.text).toBe('1\n2\n');
    clock.move(1);
    budget.log(errors, '6');
    expect(errors.text).toBe('1\n2\n(3 lines were left out)\n6\n');
  });
});
