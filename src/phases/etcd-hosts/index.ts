export { etcdHostsPhase, etcdMembersPhase } from './phases.js';
export { etcdServersPhase } from './servers-phase.js';
