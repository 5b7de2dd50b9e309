import { seedPosts } from './seed.ts';
import { DatabaseSync } from './sqlite.ts';

/** How long a process waits for its turn while others write. */
const BUSY_TIMEOUT_MS = 5000;

/** SQLite's code for a file that another process has locked: https://sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;

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
  PRAGMA user_version = 1;
`;

/**
 * Opens the blog's file; makes and seeds it where there is none. Every worker process does so, several of them
 * at the same moment: the write-ahead log lets them read while one writes, and whoever comes first seeds.
 */
export function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  useWriteAheadLog(database);
  // With that log the file stays whole without a wait for the disk at every commit: sqlite.org/wal.html
  database.exec('PRAGMA synchronous = NORMAL');
  database.exec('BEGIN IMMEDIATE');
  if (isNew(database)) seed(database);
  database.exec('COMMIT');
  return database;
}

/**
 * The one step for which SQLite does not wait by itself: two processes that switch a new file at the same moment
 * hold each other up, so it tells both at once that the file is busy.
 */
function useWriteAheadLog(database: DatabaseSync): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (const deadline = performance.now() + BUSY_TIMEOUT_MS; ;) {
    try {
      return database.exec('PRAGMA journal_mode = WAL');
    } catch (error) {
      if ((error as { errcode?: number }).errcode !== SQLITE_BUSY || performance.now() > deadline)
        throw error;
    }
    // Not for equally long, or they would meet again.
    Atomics.wait(pause, 0, 0, 5 + Math.random() * 20);
  }
}

function isNew(database: DatabaseSync): boolean {
  return database.prepare('PRAGMA user_version').get()?.['user_version'] === 0;
}

function seed(database: DatabaseSync): void {
  database.exec(SCHEMA);
  const insert = database.prepare(
    'INSERT OR IGNORE INTO posts (day, title, text, picture) VALUES (?, ?, ?, ?)',
  );
  for (const { day, title, text, picture } of seedPosts) insert.run(day, title, text, picture);
}
