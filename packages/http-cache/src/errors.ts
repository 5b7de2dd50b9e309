/** What goes wrong in the cache. */
export class HttpCacheError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The calling program asks for what makes no sense. */
export class HttpCacheUsageError extends HttpCacheError {
  declare readonly code: 'BAD_OPTION' | 'BAD_PURGE';
}

/**
 * A response whose body did not come to its promised end: it is not stored, and the server must cut the connection,
 * so that what was sent does not look whole.
 */
export class IncompleteResponseError extends HttpCacheError {
  declare readonly code: 'TRUNCATED' | 'CORRUPT';
}

/** The application returned a body without having begun a response (PEP 3333). */
export class NoResponseError extends HttpCacheError {
  declare readonly code: 'NO_RESPONSE';

  constructor() {
    super('NO_RESPONSE', 'the application ended without calling startResponse');
  }
}

/** The folder that the workers share could not be written: an invalidation may not have reached the others. */
export class SharedFolderError extends HttpCacheError {
  declare readonly code: 'JOURNAL_FAILED';

  constructor(message: string, options?: ErrorOptions) {
    super('JOURNAL_FAILED', message, options);
  }
}
