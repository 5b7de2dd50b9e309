import type * as Sqlite from 'node:sqlite';

/** A database of node:sqlite. */
export type DatabaseSync = Sqlite.DatabaseSync;

/**
 * node:sqlite, loaded in silence. Node 22 says with the first load in each process that SQLite is experimental: nothing
 * that whoever runs the blog could act upon, and a line in the log for every worker. Loading is synchronous, so no
 * other warning can be lost meanwhile.
 */
function loadSqlite(): typeof Sqlite {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}

export const DatabaseSync: typeof Sqlite.DatabaseSync = loadSqlite().DatabaseSync;
