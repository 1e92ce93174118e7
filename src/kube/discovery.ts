import type { V1APIResource, V1APIResourceList } from '@kubernetes/client-node';
import pLimit, { type LimitFunction } from 'p-limit';
import type { ObjectKind } from './types.js';

/** What is known of a cluster's kinds; filled by the library, shared by all who talk to that cluster. */
export class Discovery {
  /** By `v1`, `apps/v1` … */
  readonly groups: Record<string, V1APIResourceList> = {};
  readonly #turns = new Map<string, LimitFunction>();

  /** A kind somebody has asked for before. */
  known({ apiVersion, kind }: ObjectKind): V1APIResource | undefined {
    return this.groups[apiVersion]?.resources.find((resource) => resource.kind === kind && !resource.name.includes('/'));
  }

  /** Asks about one group at a time. */
  inTurn<T>(apiVersion: string, ask: () => Promise<T>): Promise<T> {
    const turns = this.#turns.get(apiVersion) ?? pLimit(1);
    this.#turns.set(apiVersion, turns);
    return turns(ask);
  }
}
