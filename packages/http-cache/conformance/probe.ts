/** Fields of a message. A number stands for an HTTP-date, in seconds from now. */
export type ProbeFields = readonly (readonly [name: string, value: string | number])[];

/** One request of a probe, and what is to come of it. */
export interface Step {
  readonly method?: string;
  /** What stands behind the probe's own path. */
  readonly at?: string;
  readonly ask?: ProbeFields;
  readonly body?: string;
  /** What the origin answers, should it be asked: its status line's rest, fields, and body. */
  readonly status?: string;
  readonly fields?: ProbeFields;
  readonly text?: string;
  /** The origin closes the connection instead. */
  readonly hangUp?: true;
  /** Whether the answer comes from the store, from the origin, or from the store after the origin has confirmed it. */
  readonly from?: 'store' | 'origin' | 'validation';
  /** The status that the client gets, where it is not the origin's. */
  readonly gets?: number;
  /** Fields that the client gets; a number is the least that it may be. */
  readonly has?: ProbeFields;
  /** Fields that the client must not get; with a value: not with that. */
  readonly hasNot?: readonly (string | readonly [name: string, value: string])[];
  /** The body that the client gets. */
  readonly reads?: string;
  /** Fields that the origin gets. */
  readonly asked?: ProbeFields;
  /** Seconds that pass afterwards. */
  readonly wait?: number;
}

/** A behaviour, as requests and what is to come of them. */
export interface Probe {
  readonly id: string;
  readonly group: string;
  /** `must`: what RFC 9111 or another standard requires. `may`: a chance to answer from the store, to be taken. */
  readonly level: 'must' | 'may';
  readonly steps: readonly Step[];
}

/** Stores once, and sees where the second answer comes from. */
export function twice(
  id: string,
  fields: ProbeFields,
  from: 'store' | 'origin',
  more: Partial<Pick<Step, 'status' | 'text' | 'ask' | 'wait'>> & { second?: Partial<Step> } = {},
): Omit<Probe, 'group' | 'level'> {
  const { second, wait = 3, ...first } = more;
  const status = first.status === undefined ? {} : { status: first.status };
  const text = first.text === undefined ? {} : { text: first.text };
  return {
    id,
    steps: [
      { ...first, fields, from: 'origin', wait },
      { ...status, ...text, fields, from, ...second },
    ],
  };
}

export function group(
  name: string,
  level: Probe['level'],
  probes: readonly Omit<Probe, 'group' | 'level'>[],
): readonly Probe[] {
  return probes.map((probe) => ({ group: name, level, ...probe }));
}
