import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from './database.ts';
import type { DatabaseSync } from './sqlite.ts';

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

/** What a public form may fill the disk with. Of pictures the oldest give way; a full discussion is closed. */
const MAX_PICTURES = 100;
const MAX_COMMENTS = 500;
const MAX_READERS = 10_000;

/** All that the blog keeps: one SQLite file, and uploaded pictures beside it. */
export class Store {
  /** Where pictures are. */
  readonly pictureFolder: string;
  readonly #database: DatabaseSync;
  readonly #now: () => number;

  constructor(folder: string, now: () => number = Date.now) {
    this.#now = now;
    this.pictureFolder = join(folder, 'pictures');
    mkdirSync(this.pictureFolder, { recursive: true });
    this.#database = openDatabase(join(folder, 'blog.sqlite'));
  }

  /** Posts, the newest first; those of a year or a month (`2006`, `2006-12`), if one is given. */
  posts(period = ''): Post[] {
    return this.#all<Post>("SELECT * FROM posts WHERE day LIKE ? || '%' ORDER BY day DESC", period);
  }

  post(day: string): Post | undefined {
    return this.#all<Post>('SELECT * FROM posts WHERE day = ?', day)[0];
  }

  /** The posts before and after a day. */
  neighbours(day: string): { older: Post | undefined; newer: Post | undefined } {
    return {
      older: this.#all<Post>('SELECT * FROM posts WHERE day < ? ORDER BY day DESC LIMIT 1', day)[0],
      newer: this.#all<Post>('SELECT * FROM posts WHERE day > ? ORDER BY day LIMIT 1', day)[0],
    };
  }

  /** Posts that have every word somewhere. */
  search(words: readonly string[]): Post[] {
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

  /** Returns the number of the new comment, or undefined where there are too many already. */
  addComment(post: number, author: string, text: string): number | undefined {
    const { changes, lastInsertRowid } = this.#run(
      `INSERT INTO comments (post, author, text, written_at) SELECT ?, ?, ?, ?
        WHERE (SELECT count(*) FROM comments WHERE post = ?) < ?`,
      post,
      author,
      text,
      new Date(this.#now()).toISOString(),
      post,
      MAX_COMMENTS,
    );
    return changes === 0 ? undefined : Number(lastInsertRowid);
  }

  /** Returns the names of older pictures for which there is no room any more. */
  addPicture(name: string, type: string): string[] {
    this.#run('INSERT INTO pictures VALUES (?, ?, ?)', name, type, new Date(this.#now()).toISOString());
    return this.#names(
      `DELETE FROM pictures WHERE rowid NOT IN (SELECT rowid FROM pictures ORDER BY rowid DESC LIMIT ?)
        RETURNING name`,
      MAX_PICTURES,
    );
  }

  /** Names of the latest pictures. */
  pictures(): string[] {
    return this.#names('SELECT name FROM pictures ORDER BY rowid DESC LIMIT 24');
  }

  pictureType(name: string): string | undefined {
    return this.#all<{ type: string }>('SELECT type FROM pictures WHERE name = ?', name)[0]?.type;
  }

  /** Notes that these readers are here; of more than a crowd nobody keeps count. */
  noteReaders(readers: readonly string[]): void {
    for (const reader of readers) {
      this.#run(
        'INSERT OR REPLACE INTO readers SELECT ?, ? WHERE (SELECT count(*) FROM readers) < ?',
        reader,
        this.#now() / 1000,
        MAX_READERS,
      );
    }
  }

  removeReader(reader: string): void {
    this.#run('DELETE FROM readers WHERE id = ?', reader);
  }

  /** How many readers there are, those whose process has died for a moment more. */
  countReaders(): number {
    this.#run('DELETE FROM readers WHERE seen_at < ?', this.#now() / 1000 - PRESENCE_SECONDS);
    return this.#all<{ count: number }>('SELECT count(*) AS count FROM readers')[0]?.count ?? 0;
  }

  close(): void {
    this.#database.close();
  }

  #names(sql: string, ...values: (string | number)[]): string[] {
    return this.#all<{ name: string }>(sql, ...values).map(({ name }) => name);
  }

  #all<Row>(sql: string, ...values: (string | number)[]): Row[] {
    return this.#database.prepare(sql).all(...values) as Row[];
  }

  #run(sql: string, ...values: (string | number)[]): ReturnType<ReturnType<DatabaseSync['prepare']>['run']> {
    return this.#database.prepare(sql).run(...values);
  }
}
