export { compose } from './application.ts';
export type {
  Application,
  BodyChunk,
  HeaderField,
  HeaderList,
  Middleware,
  ResponseBody,
  StartResponse,
  Write,
} from './application.ts';
export { closeBody, isAsyncBody } from './body.ts';
export { decodePath } from './environ.ts';
export type { Environ, ErrorStream, InputStream, UpgradedConnection } from './environ.ts';
export { environKey, requestField, responseField } from './fields.ts';
