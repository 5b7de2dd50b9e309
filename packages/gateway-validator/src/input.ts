import type { InputStream } from '@highball/gateway-protocol';
import type { Exchange } from './exchange.ts';
import { isThenable, kindOf, show } from './report.ts';

const LF = 0x0a;

/** `wsgi.input`, with both sides watched: how the application reads, and what the server gives. */
export class GuardedInput implements InputStream {
  readonly #inner: InputStream;
  readonly #exchange: Exchange;
  #reading = false;
  /** Whether the server has told of the end of the body. */
  #atEnd = false;

  constructor(inner: InputStream, exchange: Exchange) {
    this.#inner = inner;
    this.#exchange = exchange;
  }

  read(...args: unknown[]): Promise<Uint8Array> {
    return this.#read('read', args, (result, most) => {
      if (!this.#isPiece('read', result, most)) return;
      this.#noteEnd('read', result.length, result.length < most);
    });
  }

  readline(...args: unknown[]): Promise<Uint8Array> {
    return this.#read('readline', args, (result, most) => {
      if (!this.#isPiece('readline', result, most)) return;
      this.#checkLine('readline', result);
      this.#noteEnd('readline', result.length, result.length === 0 && most > 0);
    });
  }

  readlines(...args: unknown[]): Promise<Uint8Array[]> {
    return this.#read('readlines', args, (result) => {
      if (!Array.isArray(result)) {
        this.#wrongResult('readlines', result, 'an array of Uint8Arrays');
        return;
      }
      for (const line of result as unknown[]) {
        if (this.#isPiece('readlines', line, Number.POSITIVE_INFINITY)) this.#checkLine('readlines', line);
      }
      this.#noteEnd('readlines', result.length, result.length === 0);
    });
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    const iterator = this.#inner[Symbol.asyncIterator]();
    return {
      next: () => this.#step(iterator),
      return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
    };
  }

  #step(iterator: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
    return this.#alone('next', async () => {
      const result = await this.#promise('next', iterator.next());
      if (result.done !== true && this.#isPiece('next', result.value, Number.POSITIVE_INFINITY))
        this.#noteEnd('next', result.value.length, false);
      if (result.done === true) this.#atEnd = true;
      return result;
    });
  }

  /** One call of a read method, passed on with the arguments as they are. */
  #read<Value>(
    method: 'read' | 'readline' | 'readlines',
    args: readonly unknown[],
    check: (result: unknown, most: number) => void,
  ): Promise<Value> {
    return this.#alone(method, async () => {
      const most = this.#checkArguments(method, args);
      const pass = this.#inner[method] as (...args: readonly unknown[]) => Promise<Value>;
      const result = await this.#promise(method, pass.apply(this.#inner, args as unknown[]));
      check(result, most);
      return result;
    });
  }

  async #alone<Value>(method: string, read: () => Promise<Value>): Promise<Value> {
    const { report, ended } = this.#exchange;
    if (ended) {
      const mend = 'read it before the last piece of the body';
      report('READ_AFTER_END', `${method} of wsgi.input was called after the end of the response; ${mend}`);
    }
    if (this.#reading) {
      report('READ_OVERLAP', `${method} of wsgi.input was called while it is being read; await the first`);
    }
    this.#reading = true;
    try {
      return await read();
    } finally {
      this.#reading = false;
    }
  }

  /** How much the application wants. */
  #checkArguments(method: string, args: readonly unknown[]): number {
    const { report } = this.#exchange;
    if (args.length > 1)
      report(
        'READ_ARGUMENTS',
        `${method} of wsgi.input got ${args.length} arguments; pass the size, or nothing`,
      );
    const [size] = args;
    if (size === undefined) return Number.POSITIVE_INFINITY;
    if (!Number.isInteger(size) && size !== Number.POSITIVE_INFINITY) {
      report('READ_SIZE', `${method} of wsgi.input got the size ${show(size)}; pass a whole number`);
      return Number.POSITIVE_INFINITY;
    }
    return (size as number) < 0 ? Number.POSITIVE_INFINITY : (size as number);
  }

  #promise<Value>(method: string, result: Promise<Value>): Promise<Value> {
    if (!isThenable(result)) {
      const mend = 'return a promise, also when nothing waits';
      this.#exchange.report('READ_NO_PROMISE', `${method} of wsgi.input returned ${kindOf(result)}; ${mend}`);
    }
    return result;
  }

  #isPiece(method: string, result: unknown, most: number): result is Uint8Array {
    if (!(result instanceof Uint8Array)) {
      this.#wrongResult(method, result, 'a Uint8Array');
      return false;
    }
    if (result.length > most) {
      const found = `${method}(${most}) of wsgi.input gave ${result.length} bytes`;
      this.#exchange.report('READ_TOO_LONG', `${found}; keep the rest for the next read`);
    }
    return true;
  }

  #wrongResult(method: string, result: unknown, wanted: string): void {
    this.#exchange.report('READ_RESULT', `${method} of wsgi.input gave ${kindOf(result)}; give ${wanted}`);
  }

  #checkLine(method: string, line: Uint8Array): void {
    const end = line.indexOf(LF);
    if (end === -1 || end === line.length - 1) return;
    this.#exchange.report('READ_LINE', `${method} of wsgi.input gave more than a line; stop behind the LF`);
  }

  #noteEnd(method: string, length: number, isEnd: boolean): void {
    if (this.#atEnd && length > 0) {
      const mend = 'wait for as many bytes as were asked for';
      this.#exchange.report(
        'READ_ON',
        `${method} of wsgi.input gave more after the end of the body; ${mend}`,
      );
    }
    this.#atEnd ||= isEnd;
  }
}
