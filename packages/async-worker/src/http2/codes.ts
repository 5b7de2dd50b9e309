/** Error codes (RFC 9113 §7). Those of node:http2 are there only once it is loaded. */
export const NO_ERROR = 0;
export const INTERNAL_ERROR = 2;
export const CANCEL = 8;
export const ENHANCE_YOUR_CALM = 11;
