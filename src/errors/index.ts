export { ERROR_KINDS, type ErrorCode, type ErrorKind } from './codes.js';
export type { Explanation } from './explanation.js';
export { EXPLANATIONS } from './explanations.js';
export {
  joinKbsErrors,
  KbsError,
  KbsErrors,
  listKbsErrors,
  messageOf,
  toKbsError,
  type ErrorPlace,
  type KbsErrorJson,
  type KbsErrorOptions,
} from './kbs-error.js';
