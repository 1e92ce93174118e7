import type { HttpsAnswer } from '../https/index.js';
import { tryParseJson } from '../json/index.js';
import type { EtcdMember, EtcdStatus } from './types.js';

/** Paths of the JSON gateway. Source: etcd v3.5 rpc.proto. */
export const GATEWAY = {
  list: '/v3/cluster/member/list',
  add: '/v3/cluster/member/add',
  promote: '/v3/cluster/member/promote',
  remove: '/v3/cluster/member/remove',
  status: '/v3/maintenance/status',
  moveLeader: '/v3/maintenance/transfer-leadership',
} as const;

/** etcd answered and refused. */
export class EtcdRefusal extends Error {
  override readonly name = 'EtcdRefusal';

  constructor(
    /** In etcd's words: `etcdserver: unhealthy cluster`. */
    readonly said: string,
  ) {
    super(said);
  }
}

interface MemberJson {
  /** uint64 as decimal text. */
  readonly ID?: string;
  readonly name?: string;
  readonly peerURLs?: readonly string[];
  readonly clientURLs?: readonly string[];
  readonly isLearner?: boolean;
}

/** Fields that are zero are left out by the gateway. */
export interface AnswerJson {
  readonly members?: readonly MemberJson[];
  readonly member?: MemberJson;
  readonly version?: string;
  readonly dbSize?: string;
  readonly dbSizeInUse?: string;
  readonly leader?: string;
  readonly raftIndex?: string;
  readonly isLearner?: boolean;
  readonly errors?: readonly string[];
  readonly error?: string;
  readonly message?: string;
}

const BODY_LIMIT = 300;

/** The body of an answer. @throws EtcdRefusal for a status other than 200, and for what is no JSON */
export function parseAnswer({ status, body }: HttpsAnswer): AnswerJson {
  const json = tryParseJson(body) as AnswerJson | undefined;
  if (json === undefined) throw new EtcdRefusal(`HTTP ${status}: ${body.slice(0, BODY_LIMIT)}`);
  if (status === 200) return json;
  throw new EtcdRefusal(json.error ?? json.message ?? `HTTP ${status}`);
}

function hex(decimal: string | undefined): string {
  return BigInt(decimal ?? '0').toString(16);
}

/** A member's identifier as the gateway takes it. */
export function decimalId(id: string): string {
  return BigInt(`0x${id}`).toString();
}

/** A member from its JSON. */
export function parseMember(json: MemberJson): EtcdMember {
  return {
    id: hex(json.ID),
    name: json.name ?? '',
    peerUrls: json.peerURLs ?? [],
    clientUrls: json.clientURLs ?? [],
    isLearner: json.isLearner ?? false,
  };
}

/** A member's own state from its JSON. */
export function parseStatus(json: AnswerJson): EtcdStatus {
  const leader = hex(json.leader);
  return {
    version: json.version ?? '',
    dbSizeBytes: Number(json.dbSize ?? 0),
    dbSizeInUseBytes: Number(json.dbSizeInUse ?? 0),
    leaderId: leader === '0' ? undefined : leader,
    raftIndex: Number(json.raftIndex ?? 0),
    isLearner: json.isLearner ?? false,
    errors: json.errors ?? [],
  };
}
