import type { AnswerHead } from './exchange.ts';
import type { ResolvedOptions } from './options.ts';
import { responseFields, type SortedFields } from './response-fields.ts';

/** Sorts the fields of one connection's answers: one whose head is the very one before is sorted already. */
export class FieldSorter {
  #head: AnswerHead | undefined;
  #sorted: SortedFields | undefined;
  #shared = false;

  sort(head: AnswerHead, options: Pick<ResolvedOptions, 'viaName' | 'takeLoad'>): SortedFields {
    if (head !== this.#head || this.#sorted === undefined) {
      this.#head = head;
      this.#sorted = responseFields(head, options);
      this.#shared = false;
    } else if (!this.#shared) {
      this.#shared = true;
      // What one answer's reader changed would be in the next.
      for (const field of this.#sorted.fields) Object.freeze(field);
    }
    return this.#sorted;
  }
}
