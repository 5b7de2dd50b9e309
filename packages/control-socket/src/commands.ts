/** What commands take and give, by name: what both ends of a socket agree on. */
export type CommandTypes = Readonly<Record<string, { readonly args?: unknown; readonly result: unknown }>>;

/** What a command knows of its call. */
export interface Call {
  /** Aborted when the client wants no more, or turns out to be gone when it is written to. */
  readonly signal: AbortSignal;
}

/**
 * Answers a command: with a value, or with an async iterable, each of whose values is sent as soon as the client has
 * taken the one before. `args` is what a client has sent: check it, and throw an `InvalidArgumentsError`.
 */
export type CommandHandler<Result = unknown> = (
  args: unknown,
  call: Call,
) => Result | Promise<Result> | AsyncIterable<Result>;

/** A handler for each command. */
export type CommandHandlers<Types extends CommandTypes> = {
  readonly [Name in keyof Types]: CommandHandler<Types[Name]['result']>;
};
