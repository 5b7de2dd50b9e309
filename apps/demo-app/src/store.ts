import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { seedPosts } from './seed.ts';

/** A post, as it is shown. */
export interface Post {
  id: number;
  /** `2006-12-10`; one post a day. */
  day: string;
  title: string;
  /** Paragraphs, separated by an empty line. */
  text: string;
  /** A file below /static/img. */
  picture: string;
}

/** What a reader has said about a post. */
export interface Comment {
  id: number;
  author: string;
  text: string;
  /** ISO 8601. */
  writtenAt: string;
}

/** A reader counts as present for so long after the last sign of life. */
const PRESENCE_SECONDS = 15;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS posts (
    id INTEGER PRIMARY KEY, day TEXT UNIQUE NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL, picture TEXT NOT NULL
  );
  CREATE TABLE IF NOT EXISTS comments (
    id INTEGER PRIMARY KEY, post INTEGER NOT NULL REFERENCES posts, author TEXT NOT NULL, text TEXT NOT NULL,
    written_at TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS comments_of_post ON comments (post, id);
  CREATE TABLE IF NOT EXISTS pictures (name TEXT PRIMARY KEY, type TEXT NOT NULL, uploaded_at TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS readers (id TEXT PRIMARY KEY, seen_at REAL NOT NULL);
`;

/**
 * All that the blog keeps, in one SQLite file. Every worker process opens it; SQLite's write-ahead log lets them
 * read while one writes, and the busy timeout lets writers wait for each other.
 */
export class Store {
  /** Where the file is, and uploaded pictures beside it. */
  readonly folder: string;
  readonly #database: DatabaseSync;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(this.pictureFolder, { recursive: true });
    this.#database = new DatabaseSync(join(folder, 'blog.sqlite'));
    this.#database.exec('PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON;');
    this.#create();
  }

  get pictureFolder(): string {
    return join(this.folder, 'pictures');
  }

  /** Posts, the newest first; those of a year or a month (`2006`, `2006-12`), if one is given. */
  posts(period = ''): Post[] {
    return this.#all<Post>("SELECT * FROM posts WHERE day LIKE ? || '%' ORDER BY day DESC", period);
  }

  post(day: string): Post | undefined {
    return this.#all<Post>('SELECT * FROM posts WHERE day = ?', day)[0];
  }

  /** Posts that have every word somewhere. */
  search(query: string): Post[] {
    const words = query.split(/\s+/).filter(Boolean).slice(0, 8);
    if (words.length === 0) return [];
    const condition = words.map(() => "title || ' ' || text LIKE ? ESCAPE '\\'").join(' AND ');
    const patterns = words.map((word) => `%${word.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`);
    return this.#all<Post>(`SELECT * FROM posts WHERE ${condition} ORDER BY day DESC`, ...patterns);
  }

  comments(post: number): Comment[] {
    return this.#all<Comment>(
      'SELECT id, author, text, written_at AS writtenAt FROM comments WHERE post = ? ORDER BY id',
      post,
    );
  }

  addComment(post: number, author: string, text: string): void {
    this.#database
      .prepare('INSERT INTO comments (post, author, text, written_at) VALUES (?, ?, ?, ?)')
      .run(post, author, text, new Date().toISOString());
  }

  addPicture(name: string, type: string): void {
    this.#database
      .prepare('INSERT INTO pictures (name, type, uploaded_at) VALUES (?, ?, ?)')
      .run(name, type, new Date().toISOString());
  }

  /** Names of the latest pictures. */
  pictures(): string[] {
    return this.#all<{ name: string }>('SELECT name FROM pictures ORDER BY uploaded_at DESC LIMIT 24').map(
      ({ name }) => name,
    );
  }

  pictureType(name: string): string | undefined {
    return this.#all<{ type: string }>('SELECT type FROM pictures WHERE name = ?', name)[0]?.type;
  }

  /** Notes that a reader is here, and says how many are. */
  countReaders(reader: string): number {
    const now = Date.now() / 1000;
    this.#database.prepare('DELETE FROM readers WHERE seen_at < ?').run(now - PRESENCE_SECONDS);
    this.#database.prepare('INSERT OR REPLACE INTO readers (id, seen_at) VALUES (?, ?)').run(reader, now);
    return this.#all<{ count: number }>('SELECT count(*) AS count FROM readers')[0]?.count ?? 0;
  }

  close(): void {
    this.#database.close();
  }

  /** Makes the tables and the first posts, once, whichever process comes first. */
  #create(): void {
    this.#database.exec('BEGIN IMMEDIATE');
    this.#database.exec(SCHEMA);
    const insert = this.#database.prepare(
      'INSERT OR IGNORE INTO posts (day, title, text, picture) VALUES (?, ?, ?, ?)',
    );
    for (const { day, title, text, picture } of seedPosts) insert.run(day, title, text, picture);
    this.#database.exec('COMMIT');
  }

  #all<Row>(sql: string, ...values: (string | number)[]): Row[] {
    return this.#database.prepare(sql).all(...values) as Row[];
  }
}
