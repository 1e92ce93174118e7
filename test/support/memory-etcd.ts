import { KbsError } from '../../src/errors/index.js';
import type { EtcdAccess, EtcdMember } from '../../src/etcd/index.js';

/** etcd's list of members in memory; no raft, no data. */
export interface MemoryEtcd extends EtcdAccess {
  list: EtcdMember[];
  /** Hex identifiers of members that do not answer. */
  readonly sick: Set<string>;
  /** Hex identifier of the member that leads; undefined: none says who does. */
  leader: string | undefined;
  /** How far members are, by identifier. */
  readonly raftIndex: Map<string, number>;
  /** false: nobody answers. */
  isUp: boolean;
}

/** A member that has started, at 10.0.0.<byte>. */
export function aMember(name: string, byte: number, more: Partial<EtcdMember> = {}): EtcdMember {
  const peerUrls = [`https://10.0.0.${byte}:2380`];
  return { id: byte.toString(16), name, peerUrls, clientUrls: [`https://10.0.0.${byte}:2379`], isLearner: false, ...more };
}

/** An {@link EtcdAccess} to members in memory. */
export function memoryEtcd(...members: readonly EtcdMember[]): MemoryEtcd {
  const refuse = (said: string): KbsError => new KbsError('ETCD_REFUSED', said);
  const etcd: MemoryEtcd = {
    list: [...members],
    sick: new Set(),
    leader: undefined,
    raftIndex: new Map(),
    isUp: true,
    async members() {
      if (!etcd.isUp) throw new KbsError('ETCD_UNREACHABLE', 'nobody answers');
      return etcd.list;
    },
    tryMembers: async () => (etcd.isUp ? etcd.list : undefined),
    health: async (rows) =>
      rows.map((member) => {
        if (etcd.sick.has(member.id)) return { member, problem: 'connection refused' };
        if (etcd.leader === undefined) return { member };
        const size = { dbSizeBytes: 0, dbSizeInUseBytes: 0, raftIndex: etcd.raftIndex.get(member.id) ?? 0 };
        return { member, status: { ...size, version: '3.5.4', leaderId: etcd.leader, isLearner: member.isLearner, errors: [] } };
      }),
    async addLearner(peerUrl) {
      if (etcd.list.some(({ isLearner }) => isLearner)) throw refuse('too many learner members in cluster');
      const member: EtcdMember = { id: 'f', name: '', peerUrls: [peerUrl], clientUrls: [], isLearner: true };
      etcd.list.push(member);
      return member;
    },
    async promote(id) {
      etcd.list = etcd.list.map((member) => (member.id === id ? { ...member, isLearner: false } : member));
    },
    async moveLeader(_leader, to) {
      etcd.leader = to;
    },
    async remove(id) {
      const before = etcd.list.length;
      etcd.list = etcd.list.filter((member) => member.id !== id);
      return etcd.list.length < before;
    },
    close: () => undefined,
  };
  return etcd;
}
