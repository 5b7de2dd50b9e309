import { Program } from '@highball/testkit';

/** Two servers, one in front of the other, as the pages of the documentation start them. */
export interface Pair {
  readonly name: string;
  readonly pages: readonly string[];
  /** Files of the pages that are needed. */
  readonly files: readonly string[];
  /** Commands of the pages, in the order in which they are started; the last one is the server in front. */
  readonly commands: readonly string[];
  /** The program that answers, which takes the place of the page's own hello-world and has it inside. */
  readonly program: 'flask' | 'django' | 'php' | 'highball';
  /** What must be installed, as Debian calls it. */
  readonly packages: readonly string[];
  /** Answers that are other than expected for a reason that is not ours: by request, the reason. */
  readonly peculiarities?: Readonly<Record<string, string>>;
}

/** As the reference of defects has it, too: RFC 9110 §7.6.1 wants it otherwise. */
const CONNECTION_NAMES = { 'fields of this hop stay': 'it passes fields on that Connection names' };

const flask = { pages: ['docs/deploy-flask.md'], program: 'flask' } as const;
const workers = { pages: ['docs/behind-nginx.md'], program: 'highball' } as const;

export const pairs: readonly Pair[] = [
  {
    ...flask,
    name: 'Highball → gunicorn, Flask (TCP)',
    files: ['hello.py'],
    commands: ['gunicorn', 'proxy-http'],
    packages: ['gunicorn', 'python3-flask'],
  },
  {
    ...flask,
    name: 'Highball → gunicorn, Flask (Unix socket)',
    files: ['hello.py'],
    commands: ['gunicorn-unix', 'proxy-unix'],
    packages: ['gunicorn', 'python3-flask'],
  },
  {
    ...flask,
    name: 'Highball → uWSGI, Flask (uwsgi)',
    files: ['hello.py', 'uwsgi.ini'],
    commands: ['uwsgi', 'proxy-uwsgi'],
    packages: ['uwsgi-core', 'uwsgi-plugin-python3', 'python3-flask'],
  },
  {
    name: 'Highball → uWSGI, Django (uwsgi)',
    pages: ['docs/deploy-flask.md'],
    program: 'django',
    files: ['mysite.py'],
    commands: ['uwsgi-django', 'proxy-uwsgi'],
    packages: ['uwsgi-core', 'uwsgi-plugin-python3', 'python3-django'],
  },
  {
    name: 'Highball → PHP-FPM (FastCGI)',
    pages: ['docs/deploy-flask.md'],
    program: 'php',
    files: ['php-fpm.conf'],
    commands: ['php-fpm', 'proxy-php'],
    packages: ['php8.2-fpm'],
  },
  {
    name: 'Highball → Apache, PHP-FPM (TCP)',
    pages: ['docs/deploy-flask.md'],
    program: 'php',
    files: ['php-fpm.conf', 'apache.conf'],
    commands: ['php-fpm', 'apache', 'proxy-apache'],
    packages: ['php8.2-fpm', 'apache2'],
    peculiarities: {
      'HEAD has the length and no body': 'Apache by itself leaves the length out, too',
      'an answer that breaks off looks so':
        'Apache by itself drops the length that is too long, and ends the answer',
      'a worker that dies': 'Apache by itself says 503 to that, too',
    },
  },
  {
    ...workers,
    name: 'nginx → Highball',
    files: ['nginx.conf'],
    commands: ['serve', 'nginx'],
    packages: ['nginx-light'],
    peculiarities: CONNECTION_NAMES,
  },
  {
    ...workers,
    name: 'nginx → Highball (uwsgi)',
    files: ['nginx-uwsgi.conf'],
    commands: ['serve-uwsgi', 'nginx-uwsgi'],
    packages: ['nginx-light'],
    peculiarities: CONNECTION_NAMES,
  },
  {
    ...workers,
    name: 'Apache → Highball',
    files: ['apache-front.conf'],
    commands: ['serve', 'apache-front'],
    packages: ['apache2'],
  },
  {
    ...workers,
    name: 'HAProxy → Highball',
    files: ['haproxy.cfg'],
    commands: ['serve', 'haproxy'],
    packages: ['haproxy'],
    peculiarities: CONNECTION_NAMES,
  },
  {
    ...workers,
    name: 'Caddy → Highball',
    files: ['Caddyfile'],
    commands: ['serve', 'caddy'],
    packages: ['caddy'],
  },
];

/** How to see whether a package is there: by a command that succeeds then. */
const PROOFS: Readonly<Record<string, readonly string[]>> = {
  gunicorn: ['gunicorn', '--version'],
  'python3-flask': ['/usr/bin/python3', '-c', 'import flask'],
  'python3-django': ['/usr/bin/python3', '-c', 'import django'],
  'uwsgi-core': ['uwsgi', '--version'],
  'uwsgi-plugin-python3': ['uwsgi', '--plugin', 'python3', '--version'],
  'php8.2-fpm': ['php-fpm8.2', '--version'],
  apache2: ['apache2', '-v'],
  'nginx-light': ['nginx', '-v'],
  haproxy: ['haproxy', '-v'],
  caddy: ['caddy', 'version'],
};

/** Why a pair cannot be tried here; undefined where it can. */
export async function reasonToSkip(pair: Pair): Promise<string | undefined> {
  const missing: string[] = [];
  for (const name of pair.packages) {
    if ((await outputOf(PROOFS[name] as readonly string[])) === undefined) missing.push(name);
  }
  if (missing.length === 0) return undefined;
  return `needs ${missing.join(', ')} (Debian: apt-get install ${missing.join(' ')})`;
}

/** What a command prints; undefined when it fails, or is not there. */
export async function outputOf([command = '', ...args]: readonly string[]): Promise<string | undefined> {
  const program = new Program(command, args, { env: searchPath() });
  const code = await program.exited.catch(() => 'missing');
  return code === 0 ? program.output : undefined;
}

/** Servers live in folders that are in root's PATH alone. */
export function searchPath(...first: string[]): { PATH: string } {
  return { PATH: [...first, process.env['PATH'] ?? '', '/usr/sbin', '/usr/bin'].join(':') };
}
