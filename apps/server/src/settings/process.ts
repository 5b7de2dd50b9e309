import * as v from 'valibot';
import { bool, type Declarations, listOf, text } from './setting.ts';

/** How the processes stand in their system. */
export interface ProcessSettings {
  /** The file that holds the pid of the master; empty: none. @default '' */
  pid: string;
  /** Whether to go on in the background. @default false */
  daemon: boolean;
  /** The user that workers run as, by name or number; empty: unchanged. @default '' */
  user: string;
  /** The group that workers run as, by name or number; empty: that of `user`, else unchanged. @default '' */
  group: string;
  /** The file mode creation mask, in octal digits; empty: unchanged. @default '' */
  umask: string;
  /** The folder to change to before anything is loaded; empty: unchanged. @default '' */
  chdir: string;
  /** Further environment variables of the application: `NAME=value`. @default [] */
  rawEnv: string[];
  /** What `ps` calls the processes. @default 'highball' */
  procName: string;
  /** The Unix socket for `highball ctl`: a path, `auto` or `off`. @default 'auto' */
  controlSocket: string;
}

const umask: v.GenericSchema<unknown, string> = v.union([
  v.pipe(v.string(), v.regex(/^(?:0o?)?[0-7]{0,3}$/)),
  v.pipe(
    v.number(),
    v.integer(),
    v.minValue(0),
    v.maxValue(0o777),
    v.transform((mask) => mask.toString(8).padStart(3, '0')),
  ),
]);

export const processSettings: Declarations<ProcessSettings> = {
  pid: {
    group: 'Process',
    flag: '-p, --pid <file>',
    help: 'the file that holds the pid of the master',
    expects: 'the name of a file',
    schema: text,
    default: '',
    defaultText: 'none',
    applies: 'upgrade',
  },
  daemon: {
    group: 'Process',
    flag: '-D, --daemon',
    help: 'go on in the background once everything runs',
    expects: 'true or false',
    schema: bool,
    default: false,
    applies: 'upgrade',
  },
  user: {
    group: 'Process',
    flag: '-u, --user <user>',
    help: 'workers run as this user, by name or number; the sockets are bound before',
    expects: 'the name or number of a user',
    schema: text,
    default: '',
    defaultText: 'unchanged',
    applies: 'upgrade',
  },
  group: {
    group: 'Process',
    flag: '-g, --group <group>',
    help: 'workers run as this group, by name or number',
    expects: 'the name or number of a group',
    schema: text,
    default: '',
    defaultText: 'that of the user, else unchanged',
    applies: 'upgrade',
  },
  umask: {
    group: 'Process',
    flag: '-m, --umask <mask>',
    help: 'the file mode creation mask, in octal digits as 027',
    expects: 'octal digits, as 027',
    schema: umask,
    default: '',
    defaultText: 'unchanged',
    applies: 'upgrade',
  },
  chdir: {
    group: 'Process',
    flag: '--chdir <folder>',
    help: 'change to this folder before anything is loaded',
    expects: 'the name of a folder',
    schema: text,
    default: '',
    defaultText: 'unchanged',
    applies: 'upgrade',
  },
  rawEnv: {
    group: 'Process',
    flag: '-e, --raw-env <name=value>',
    help: 'a further environment variable of the application; repeatable (in the environment: one a line)',
    expects: 'NAME=value',
    // A value may hold commas, and never a NUL: execve(2) would cut it there.
    schema: listOf(v.pipe(v.string(), v.regex(/^[A-Za-z_]\w*=[^\0]*$/)), { least: 0, separator: '\n' }),
    default: [],
    defaultText: 'none',
    applies: 'reload',
  },
  procName: {
    group: 'Process',
    flag: '-n, --proc-name <name>',
    help: 'what ps calls the processes',
    expects: 'a name without control characters',
    schema: v.pipe(text, v.string(), v.nonEmpty()),
    default: 'highball',
    applies: 'upgrade',
  },
  controlSocket: {
    group: 'Process',
    flag: '--control-socket <path>',
    help: "the Unix socket for highball ctl, or 'auto', or 'off'",
    expects: "the path of a Unix socket, 'auto' or 'off'",
    schema: v.pipe(text, v.string(), v.nonEmpty()),
    default: 'auto',
    applies: 'upgrade',
  },
};
