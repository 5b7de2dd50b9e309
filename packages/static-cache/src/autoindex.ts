import type { Environ, ResponseBody, StartResponse } from '@highball/gateway-protocol';
import { mediaTypeWeight, parseWeights } from '@highball/http-semantics';
import { Buffer } from 'node:buffer';
import { type Listing, readListing, type Row } from './listing.ts';
import { CONTENT_SECURITY_POLICY, renderListing } from './listing-page.ts';
import type { ResolvedOptions } from './options.ts';
import { S3Fifo } from './s3-fifo.ts';

/** By what a listing is sorted. */
export interface Order {
  readonly by: 'name' | 'size' | 'modified';
  readonly descending: boolean;
}

/** Folders whose listings are remembered while they are valid, and what these may weigh. */
const LIMITS = { maxEntries: 64, maxBytes: 8_388_608 };
const ROW_BYTES = 200;

/** Lists folders: as a page, or as JSON for who prefers that. */
export class Autoindex {
  readonly #root: string;
  readonly #options: ResolvedOptions;
  readonly #known = new S3Fifo<{ listing: Listing; readAt: number }>(LIMITS);
  /** One read serves all who ask in the meantime. */
  readonly #reading = new Map<string, Promise<Listing>>();

  constructor(root: string, options: ResolvedOptions) {
    this.#root = root;
    this.#options = options;
  }

  /**
   * @param name - the folder's path below the root.
   * @throws Error when the folder cannot be read.
   */
  async answer(name: string, environ: Environ, startResponse: StartResponse): Promise<ResponseBody> {
    const { rows, more } = await this.#list(name);
    const order = orderOf(environ.QUERY_STRING);
    const sorted = rows.toSorted(comparator(order));
    const json = prefersJson(environ.HTTP_ACCEPT);
    const body = json ? renderJson(sorted) : renderListing({ name, rows: sorted, more, order });
    startResponse('200 OK', [
      ['Content-Type', json ? 'application/json; charset=utf-8' : 'text/html; charset=utf-8'],
      ['Content-Length', String(Buffer.byteLength(body))],
      ['Cache-Control', 'no-cache'],
      ['Vary', 'Accept'],
      ['X-Content-Type-Options', 'nosniff'],
      ...(json ? [] : [['Content-Security-Policy', CONTENT_SECURITY_POLICY] as [string, string]]),
    ]);
    return environ.REQUEST_METHOD === 'HEAD' ? [] : [body];
  }

  async #list(name: string): Promise<Listing> {
    const { now, validMs } = this.#options;
    const known = this.#known.get(name);
    if (known !== undefined && now() - known.readAt <= validMs) return known.listing;
    const reading = this.#reading.get(name) ?? this.#read(name).finally(() => this.#reading.delete(name));
    this.#reading.set(name, reading);
    return reading;
  }

  async #read(name: string): Promise<Listing> {
    const readAt = this.#options.now();
    const listing = await readListing(this.#root, name, this.#options);
    const bytes = listing.rows.reduce((sum, row) => sum + ROW_BYTES + 2 * row.name.length, ROW_BYTES);
    this.#known.set(name, { listing, readAt }, bytes);
    return listing;
  }
}

/** Whether Accept gives JSON more weight than HTML (RFC 9110 §12.5.1); a tie, and any type at all, is a page. */
export function prefersJson(accept: string | undefined): boolean {
  if (accept === undefined) return false;
  const ranges = parseWeights(accept);
  return mediaTypeWeight(ranges, 'application/json') > mediaTypeWeight(ranges, 'text/html');
}

function orderOf(query: string): Order {
  const parameters = new URLSearchParams(query);
  const by = parameters.get('sort');
  return {
    by: by === 'size' || by === 'modified' ? by : 'name',
    descending: parameters.get('order') === 'desc',
  };
}

const names = new Intl.Collator('en', { numeric: true });

/** Folders first, whatever the order. */
function comparator({ by, descending }: Order): (a: Row, b: Row) => number {
  const sign = descending ? -1 : 1;
  return (a, b) => {
    if (a.type !== b.type) return a.type === 'directory' ? -1 : 1;
    const difference =
      by === 'size' ? (a.size ?? 0) - (b.size ?? 0) : by === 'modified' ? a.modifiedMs - b.modifiedMs : 0;
    return sign * (difference || names.compare(a.name, b.name));
  };
}

/** The form of nginx's autoindex_format json, with times as RFC 3339 has them. */
function renderJson(rows: readonly Row[]): string {
  const items = rows.map(({ name, type, modifiedMs, size }) => ({
    name,
    type,
    mtime: new Date(modifiedMs).toISOString(),
    ...(size !== undefined && { size }),
  }));
  return `${JSON.stringify(items)}\n`;
}
