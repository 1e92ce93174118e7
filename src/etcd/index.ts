export { createEtcdAccess, etcdSays } from './access.js';
export type { EtcdAccess, EtcdAccessOptions, EtcdMember, EtcdMemberHealth, EtcdPlace, EtcdStatus } from './types.js';
