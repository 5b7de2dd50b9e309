/** What is read of a .cpuprofile (Chrome DevTools Protocol, Profiler.Profile). */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

/** A part of the time in which the process was not idle. */
export interface Share {
  readonly name: string;
  /** From 0 to 1. */
  readonly share: number;
}

export interface Summary {
  /** Time in which it was not idle. */
  readonly busyMs: number;
  readonly packages: readonly Share[];
  /** By the function's own time, without those that it calls. */
  readonly functions: readonly Share[];
}

type Frame = CpuProfile['nodes'][0]['callFrame'];

/** Sums a profile up by whose code was running. */
export function summarize({ nodes, samples, timeDeltas }: CpuProfile): Summary {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const packages = new Map<string, number>();
  const functions = new Map<string, number>();
  let busyUs = 0;
  for (const [i, id] of samples.entries()) {
    const frame = frames.get(id);
    const us = timeDeltas[i] ?? 0;
    if (frame === undefined || frame.functionName === '(idle)') continue;
    busyUs += us;
    add(packages, packageOf(frame), us);
    add(functions, placeOf(frame), us);
  }
  return { busyMs: busyUs / 1000, packages: shares(packages, busyUs), functions: shares(functions, busyUs) };
}

function add(sums: Map<string, number>, name: string, us: number): void {
  sums.set(name, (sums.get(name) ?? 0) + us);
}

function shares(sums: ReadonlyMap<string, number>, total: number): Share[] {
  return [...sums].map(([name, us]) => ({ name, share: us / total })).toSorted((a, b) => b.share - a.share);
}

/** The package, or the part of Node. */
function packageOf({ functionName, url }: Frame): string {
  if (url === '') return functionName.startsWith('(') ? nameOfNative(functionName) : 'native functions';
  if (url.startsWith('node:')) return url.replace(/^node:(internal\/)?([^/]+).*/, 'node:$2');
  const inModules = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
  return inModules ?? /\/packages\/([^/]+)\//.exec(url)?.[1]?.replace(/^/, '@highball/') ?? 'the program';
}

/**
 * What V8 calls "(program)" is outside JavaScript: libuv, Node's C++ and the kernel. Where libuv waits for events and
 * reads, V8 believes that the process is idle.
 */
function nameOfNative(name: string): string {
  return name === '(program)' ? 'libuv, C++ and the kernel' : name;
}

function placeOf(frame: Frame): string {
  const { functionName, url, lineNumber } = frame;
  if (url === '') return nameOfNative(functionName);
  const file = url.startsWith('node:') ? url : `${packageOf(frame)}/${url.slice(url.lastIndexOf('/') + 1)}`;
  return `${functionName || '(anonymous)'} ${file}:${lineNumber + 1}`;
}

/** Markdown: the packages, and so many of the functions. */
export function profileTable({ busyMs, packages, functions }: Summary, count: number): string {
  const lines = (each: readonly Share[]): string[] =>
    each.slice(0, count).map(({ name, share }) => `| ${name} | ${(share * 100).toFixed(1)}% |`);
  return [
    `${Math.round(busyMs)} ms of work`,
    '',
    '| whose | share |\n| --- | --: |',
    ...lines(packages),
    '',
    '| own time of | share |\n| --- | --: |',
    ...lines(functions),
  ].join('\n');
}
