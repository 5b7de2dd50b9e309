import type { BodyChunk, HeaderList } from '@highball/gateway-protocol';
import { serializeChunkHead, serializeLastChunk } from '@highball/http-parser';
import { flatten } from './flatten.ts';
import type { FrozenBody } from './joined-answers.ts';
import type { Output } from './output.ts';
import type { PreparedHead } from './prepared-head.ts';
import type { ResponseFraming } from './response-framing.ts';
import type { HeadFacts, ResponseWriter } from './response-writer.ts';

/** Puts responses on a connection that speaks HTTP/1.1: one for all of them. */
export class TextWriter implements ResponseWriter {
  readonly output: Output;

  constructor(output: Output) {
    this.output = output;
  }

  sendContinue(): void {
    this.output.text('HTTP/1.1 100 Continue\r\n\r\n');
    this.output.flush();
  }

  sendEarlyHints(_: HeaderList, text: string): void {
    this.output.text(text);
    this.output.flush();
  }

  /** The head with the server's fields (RFC 9110 §6.6.1, §10.2.4; RFC 9112 §6, §9.3). */
  head(begun: PreparedHead, framing: ResponseFraming, wholeLength: number, response: HeadFacts): string {
    const { persists } = response;
    const { head, serverFields } = response.context;
    const { hasDate, hasServer, close } = begun.facts;
    const serverLines = serverFields.lines(hasDate, hasServer);
    const { whole } = begun;
    if (whole?.framing === framing && whole.persists === persists && whole.serverLines === serverLines) {
      return whole.text;
    }
    let lines = serverLines + framing.line;
    if (!persists && !close) lines += 'Connection: close\r\n';
    else if (persists && head.minorVersion === 0) lines += 'Connection: keep-alive\r\n';
    const text = `${begun.text}${lines}\r\n`;
    // Nothing is kept of a head that may never come again.
    if (begun.used && !response.hasTrailers) return keepWhole(begun, framing, wholeLength, response, text);
    begun.used = true;
    return text;
  }

  headOnly(head: string): void {
    this.output.text(head);
  }

  piece(
    head: string,
    kind: ResponseFraming['kind'],
    chunk: BodyChunk,
    size: number,
    frozen: FrozenBody | undefined,
  ): void {
    if (kind === 'chunked') this.output.chunk(head + serializeChunkHead(size), chunk, size, '\r\n');
    else this.output.chunk(head, chunk, size, '', frozen);
  }

  end(kind: ResponseFraming['kind'], trailers: HeaderList | undefined): void {
    if (kind === 'chunked') this.output.text(serializeLastChunk(trailers));
  }
}

function keepWhole(
  begun: PreparedHead,
  framing: ResponseFraming,
  wholeLength: number,
  { context, persists }: HeadFacts,
  text: string,
): string {
  const { head, serverFields } = context;
  const { hasDate, hasServer } = begun.facts;
  begun.whole = {
    isHead: head.method === 'HEAD',
    minorVersion: head.minorVersion,
    wholeLength,
    framing,
    persists,
    serverLines: serverFields.lines(hasDate, hasServer),
    text: flatten(text),
  };
  return begun.whole.text;
}
