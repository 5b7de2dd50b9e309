import type { HeaderList } from '@highball/gateway-protocol';
import { formatHttpDate, listMembers } from '@highball/http-semantics';
import { codeOf, type StoredResponse } from './entry.ts';
import { fieldValue, storableFields, updatedFields, without } from './fields.ts';
import { type ExchangeTimes, type Freshness, freshnessOf } from './freshness.ts';
import type { ResolvedOptions } from './options.ts';
import { type NotStoredReason, type StoringRequest, whyNotStored, withheldFields } from './storable.ts';
import { responseControl } from './targeted.ts';

const AGE: ReadonlySet<string> = new Set(['age']);

/** What a response would be stored as, and whether it is. */
export interface ResponsePlan {
  readonly fields: HeaderList;
  readonly freshness: Freshness;
  readonly tags: readonly string[];
  readonly reason: NotStoredReason | undefined;
}

/** Looks at the head of a response to GET. */
export function planResponse(
  request: StoringRequest,
  status: string,
  received: HeaderList,
  times: ExchangeTimes,
  options: ResolvedOptions,
): ResponsePlan {
  const control = responseControl(received, options.targets);
  const freshness = freshnessOf(codeOf(status), received, control, times, options);
  const left = [...withheldFields(control), ...options.tagFields, 'age'];
  const fields = withDate(storableFields(received, left), times.responseMs);
  const tags = tagsOf(received, options);
  const reason = whyNotStored(request, codeOf(status), fields, control, freshness, options.storeCookies);
  return { fields, freshness, tags, reason };
}

/** A stored response that the origin has confirmed with a 304 (RFC 9111 §4.3.4), or described in an answer to HEAD. */
export function freshened(
  entry: StoredResponse,
  received: HeaderList,
  times: ExchangeTimes,
  position: number,
  options: ResolvedOptions,
): StoredResponse {
  const dated = withDate(received, times.responseMs);
  const merged = updatedFields(entry.fields, without(dated, options.tagFields));
  const control = responseControl(merged, options.targets);
  const aged: HeaderList = [...merged, ...received.filter(([name]) => name.toLowerCase() === 'age')];
  const tags = tagsOf(received, options);
  return {
    ...entry,
    fields: without(merged, new Set([...AGE, ...withheldFields(control)])),
    freshness: freshnessOf(codeOf(entry.status), aged, control, times, options),
    tags: tags.length > 0 ? tags : entry.tags,
    position,
  };
}

/** Whether an answer to HEAD describes the response that is stored (RFC 9111 §4.3.5). */
export function describesSame(entry: StoredResponse, received: HeaderList): boolean {
  return ['etag', 'last-modified', 'content-length'].every((name) => {
    const value = fieldValue(received, name);
    return value === undefined || value === fieldValue(entry.fields, name);
  });
}

/** What a client is sent of an answer that did not come from the store. */
export function passedFields(received: HeaderList, options: ResolvedOptions): HeaderList {
  return without(received, options.tagFields);
}

/** A recipient with a clock adds Date to what it stores (RFC 9110 §6.6.1). */
function withDate(fields: HeaderList, responseMs: number): HeaderList {
  return fieldValue(fields, 'date') === undefined
    ? [...fields, ['Date', formatHttpDate(responseMs)]]
    : fields;
}

/** Cache-Tag separates tags by commas, Surrogate-Key by spaces. */
function tagsOf(fields: HeaderList, { tagFields, maxTags }: ResolvedOptions): string[] {
  const tags = new Set<string>();
  for (const name of tagFields) {
    for (const tag of listMembers(fieldValue(fields, name)?.replaceAll(/[ \t]+/g, ','))) {
      if (tags.size < maxTags) tags.add(tag);
    }
  }
  return [...tags];
}
