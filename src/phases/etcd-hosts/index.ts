export { etcdHostsPhase, etcdMembersPhase } from './phases.js';
