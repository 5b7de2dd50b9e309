import {
  type Application,
  type Environ,
  markInterface,
  type ResponseBody,
  type StartResponse,
} from '@highball/gateway-protocol';
import { guardBody } from './body.ts';
import { checkEnviron } from './check-environ.ts';
import { GuardedErrorStream } from './error-stream.ts';
import { ValidatorOptionError } from './errors.ts';
import { Exchange } from './exchange.ts';
import { guardExtensions } from './extensions.ts';
import { GuardedInput } from './input.ts';
import { originalOf, remember } from './originals.ts';
import { createReporter, isThenable, kindOf, type Report, type ValidateOptions } from './report.ts';

/**
 * Puts a validator between a server and a call-shaped application (PEP 3333), which reports each breach of the
 * protocol by either side.
 *
 * It changes neither when things happen nor what is sent: a synchronous application stays synchronous, an array
 * stays an array, a piece is asked for when the server asks for it.
 *
 * @param app - the application; it may be wrapped by middleware that is to be validated with it.
 * @param options - where breaches go. @default thrown at whoever made the call that shows it: a server's at the
 *   server or at the read that brought it, an application's out of the call that it made or out of its body; but for
 *   what is only recommended, which is logged
 * @throws ValidatorOptionError when `app` is no function.
 */
export function validate(app: Application, options: ValidateOptions = {}): Application {
  if (typeof app !== 'function') throw new ValidatorOptionError(`${kindOf(app)} is no application`);
  const reporter = createReporter(options);
  const { report } = reporter;
  // It takes its arguments as they come, so its shape shows only by the mark.
  return markInterface((...args: unknown[]) => {
    const [environ, startResponse] = args as [Environ, StartResponse];
    checkCall(args, report);
    if (!checkEnviron(environ, report)) return app(environ, startResponse);
    const exchange = new Exchange(environ, startResponse, reporter);
    install(environ, exchange);
    return call(app, environ, exchange);
  }, 'wsgi');
}

function checkCall(args: readonly unknown[], report: Report): void {
  if (args.length !== 2) {
    const mend = 'pass environ and start_response';
    report('CALL_ARGUMENTS', `the application was called with ${args.length} arguments; ${mend}`);
  }
  if (args.length > 1 && typeof args[1] !== 'function')
    report(
      'START_NOT_FUNCTION',
      `the application got ${kindOf(args[1])} for start_response; pass a function`,
    );
}

/**
 * Replaces what the application calls in environ. PEP 3333 gives environ to the application to be changed: a copy
 * would hide from the middleware outside what the application puts into it.
 */
function install(environ: Environ, exchange: Exchange): void {
  const input = originalOf(environ['wsgi.input']);
  const errors = originalOf(environ['wsgi.errors']);
  environ['wsgi.input'] = remember(new GuardedInput(input, exchange), input, exchange);
  environ['wsgi.errors'] = remember(new GuardedErrorStream(errors, exchange), errors, exchange);
  guardExtensions(environ, exchange);
}

function call(app: Application, environ: Environ, exchange: Exchange): ResponseBody | Promise<ResponseBody> {
  try {
    const body: unknown = app(environ, exchange.start);
    if (!isThenable(body)) return guardBody(body, exchange);
    return Promise.resolve(body).then(
      (body) => guardBody(body, exchange),
      (error: unknown) => {
        exchange.fail();
        throw error;
      },
    );
  } catch (error) {
    exchange.fail();
    throw error;
  }
}
