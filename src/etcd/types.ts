import type { Duplex } from 'node:stream';
import type { ClientCredentials } from '../https/index.js';

/** A member as etcd lists it. Source: etcd v3.5 etcdserverpb.Member. */
export interface EtcdMember {
  /** Hex, as etcdctl shows it. */
  readonly id: string;
  /** Empty until the member has started for the first time. */
  readonly name: string;
  /** `https://10.0.0.11:2380` */
  readonly peerUrls: readonly string[];
  /** Empty until the member has started for the first time. */
  readonly clientUrls: readonly string[];
  /** It takes part in no vote and no quorum yet. */
  readonly isLearner: boolean;
}

/** What one member says of itself. Source: etcd v3.5 etcdserverpb.StatusResponse. */
export interface EtcdStatus {
  readonly version: string;
  readonly dbSizeBytes: number;
  readonly dbSizeInUseBytes: number;
  /** Hex; undefined while there is no leader. */
  readonly leaderId: string | undefined;
  readonly raftIndex: number;
  readonly isLearner: boolean;
  /** `NOSPACE`, `CORRUPT` and the like, in etcd's words. */
  readonly errors: readonly string[];
}

/** A member and whether it works: it answers and knows a leader. */
export interface EtcdMemberHealth {
  readonly member: EtcdMember;
  /** Absent when it does not answer. */
  readonly status?: EtcdStatus;
  /** Why it is not healthy; absent when it is. */
  readonly problem?: string;
}

/** Where etcd answers clients, as somebody sees it who can make connections there. */
export interface EtcdPlace {
  /** For messages. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  dial(address: string, port: number): Promise<Duplex>;
}

/** How a cluster of etcd is reached. */
export interface EtcdAccessOptions {
  /** One that answers is enough; each may dial every member. */
  readonly places: readonly EtcdPlace[];
  /** Asked for once, when the first connection is made. */
  readonly credentials: () => Promise<ClientCredentials>;
  /** A name that the certificate of every member holds; absent: it holds the host of its URL. */
  readonly serverName?: string;
}

/**
 * etcd's members, over its JSON gateway. Whoever answers with a quorum behind it is asked; found again when it breaks.
 * Every method but {@link EtcdAccess.tryMembers} and {@link EtcdAccess.health} may throw KbsError ETCD_UNREACHABLE (nobody answers,
 * or there is no quorum), ETCD_REFUSED (with etcd's own words), CANCELLED.
 */
export interface EtcdAccess {
  /** As the quorum knows them now. */
  members(signal: AbortSignal): Promise<readonly EtcdMember[]>;
  /** undefined when nobody answers. @throws KbsError ETCD_UNREACHABLE when one answers that has another CA */
  tryMembers(signal: AbortSignal): Promise<readonly EtcdMember[] | undefined>;
  /** Members with their state, each asked by itself, all at once. A member that does not answer is a row. */
  health(members: readonly EtcdMember[], signal: AbortSignal): Promise<readonly EtcdMemberHealth[]>;
  /** Adds a member that does not vote yet; it then has to be started. @returns it */
  addLearner(peerUrl: string, signal: AbortSignal): Promise<EtcdMember>;
  /** Makes a learner a voting member. @throws KbsError ETCD_REFUSED while it has not caught up, see {@link etcdSays} */
  promote(id: string, signal: AbortSignal): Promise<void>;
  /**
   * Lets another member lead; asked of the leader itself, who answers when the other one leads.
   * @param to identifier, hex, of a member that votes and is healthy
   */
  moveLeader(leader: EtcdMember, to: string, signal: AbortSignal): Promise<void>;
  /** @returns false when there was no such member */
  remove(id: string, signal: AbortSignal): Promise<boolean>;
  close(): void;
}
