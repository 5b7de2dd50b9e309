/** What goes wrong in the static tier. */
export class StaticCacheError<Code extends string = string> extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The calling program asks for what makes no sense. */
export class StaticCacheUsageError extends StaticCacheError<'NO_FOLDER' | 'BAD_OPTION'> {}

/**
 * A file became another one while it was read: the server must cut the connection, so that what was sent of it does
 * not look whole.
 */
export class FileChangedError extends StaticCacheError<'FILE_CHANGED' | 'FILE_SHORTENED'> {}
