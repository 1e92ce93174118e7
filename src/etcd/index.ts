export { createEtcdAccess, etcdSays } from './access.js';
export { memberLabel, quorumOf, removalProblem, restartProblem } from './quorum.js';
export type { EtcdAccess, EtcdAccessOptions, EtcdMember, EtcdMemberHealth, EtcdPlace, EtcdStatus } from './types.js';
