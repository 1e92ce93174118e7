export { createKubeAccess, type KubeAccessOptions } from './access.js';
export { apiReason } from './api-error.js';
export { atOnce } from './at-once.js';
export { appliedByKbs } from './comparison.js';
export { describeRef, refOf } from './object-ref.js';
export { internalAddress, isReady } from './object-status.js';
export type {
  ApplyOptions,
  DeleteOptions,
  FieldPath,
  KubeAccess,
  KubeApi,
  KubeCredentials,
  KubeObject,
  KubeResponse,
  ListOptions,
  ObjectDiff,
  ObjectKind,
  ObjectMeta,
  ObjectRef,
  PatchType,
  RequestOptions,
  StreamOptions,
} from './types.js';
