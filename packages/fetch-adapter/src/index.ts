export {
  FetchAdapterError,
  FetchHandlerError,
  FetchOptionError,
  FetchRequestError,
  GatewayApplicationError,
} from './errors.ts';
export type {
  FetchAdapterErrorCode,
  GatewayErrorCode,
  HandlerErrorCode,
  RequestErrorCode,
} from './errors.ts';
export { fromFetch } from './from-fetch.ts';
export type { FetchApplication, FromFetchOptions } from './from-fetch.ts';
export { isFetchApplication } from './handler.ts';
export type { FetchContext, FetchEnv, FetchHandler, FetchObject } from './handler.ts';
export { installLightweightTypes } from './lightweight-types.ts';
export { toFetch } from './to-fetch.ts';
export type { FetchInfo, GatewayFetchHandler, ToFetchOptions } from './to-fetch.ts';
