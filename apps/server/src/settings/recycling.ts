import * as v from 'valibot';
import { bool, bytes, type Declarations, listOf, number, whole } from './setting.ts';

/** When workers are replaced without a fault, and how their number follows the load. */
export interface RecyclingSettings {
  /** Requests after which a worker is replaced; 0 never. @default 0 */
  maxRequests: number;
  /** At random up to so many requests more, so that workers are not replaced all at once. @default 0 */
  maxRequestsJitter: number;
  /** Seconds after which a worker is replaced; 0 never. @default 0 */
  workerLifetime: number;
  /** Bytes of resident memory beyond which a worker is replaced; 0 is no limit. @default 0 */
  maxWorkerMemory: number;
  /** Replaces the workers when a file of the application changes: for development. @default false */
  reload: boolean;
  /** Further files and folders that `reload` watches. @default [] */
  reloadExtraFiles: string[];
  /** The fewest workers of autoscaling; 0 switches it off. @default 0 */
  workersMin: number;
  /** The most workers of autoscaling; 0 switches it off. @default 0 */
  workersMax: number;
}

export const recyclingSettings: Declarations<RecyclingSettings> = {
  maxRequests: {
    group: 'Recycling and scaling',
    flag: '--max-requests <count>',
    help: 'a worker is replaced after so many requests, counted once a second; 0 is never',
    expects: 'a whole number, 0 or more',
    schema: whole(0, Number.MAX_SAFE_INTEGER),
    default: 0,
    applies: 'reload',
  },
  maxRequestsJitter: {
    group: 'Recycling and scaling',
    flag: '--max-requests-jitter <count>',
    help: 'at random up to so many requests more, so that workers are not replaced all at once',
    expects: 'a whole number, 0 or more',
    schema: whole(0, Number.MAX_SAFE_INTEGER),
    default: 0,
    applies: 'reload',
  },
  workerLifetime: {
    group: 'Recycling and scaling',
    flag: '--worker-lifetime <seconds>',
    help: 'a worker is replaced after this time; 0 is never',
    expects: 'seconds, from 0 to 2000000',
    // The most that a timer of Node takes is 2^31 - 1 ms, 24 days.
    schema: number(0, 2_000_000),
    default: 0,
    applies: 'upgrade',
  },
  maxWorkerMemory: {
    group: 'Recycling and scaling',
    flag: '--max-worker-memory <bytes>',
    help: 'a worker with more resident memory is replaced, as 512M; 0 is no limit',
    expects: 'bytes, as 536870912 or 512M',
    schema: bytes(0, Number.MAX_SAFE_INTEGER),
    default: 0,
    applies: 'upgrade',
  },
  reload: {
    group: 'Recycling and scaling',
    flag: '--reload',
    help: 'replace the workers when a file of the application changes: for development',
    expects: 'true or false',
    schema: bool,
    default: false,
    applies: 'upgrade',
  },
  reloadExtraFiles: {
    group: 'Recycling and scaling',
    flag: '--reload-extra-files <path>',
    help: 'a further file or folder that --reload watches; repeatable',
    expects: 'names of files or folders',
    schema: listOf(v.string(), { least: 0 }),
    default: [],
    defaultText: 'none',
    applies: 'upgrade',
  },
  workersMin: {
    group: 'Recycling and scaling',
    flag: '--workers-min <count>',
    help: 'the fewest workers of autoscaling; 0 switches it off',
    expects: 'a whole number from 0 to 1024',
    schema: whole(0, 1024),
    default: 0,
    applies: 'upgrade',
  },
  workersMax: {
    group: 'Recycling and scaling',
    flag: '--workers-max <count>',
    help: 'the most workers of autoscaling; 0 switches it off',
    expects: 'a whole number from 0 to 1024',
    schema: whole(0, 1024),
    default: 0,
    applies: 'upgrade',
  },
};
