/** Error codes (RFC 9113 §7). Those of node:http2 are there only once it is loaded. */
export const NGHTTP2_NO_ERROR = 0;
export const NGHTTP2_INTERNAL_ERROR = 2;
export const NGHTTP2_REFUSED_STREAM = 7;
export const NGHTTP2_CANCEL = 8;
export const NGHTTP2_ENHANCE_YOUR_CALM = 11;
