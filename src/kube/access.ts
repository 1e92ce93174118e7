import { setMaxListeners } from 'node:events';
import { PooledKubeApi } from './api.js';
import { ConnectionPool, NoControlPlane, throwIfCancelled, type PoolOptions } from './connection-pool.js';
import { unreachable } from './retrying-client.js';
import type { KubeAccess, KubeApi } from './types.js';

/** How the API is reached. */
export interface KubeAccessOptions extends PoolOptions {
  /** How long requests that may be repeated are tried again; default 20 000. */
  readonly patienceMs?: number;
}

/**
 * The API of a cluster, reached over the hosts' own connections: nothing listens on this machine, and nothing is
 * configured there. Plain HTTP/2 rather than a client library: one connection (one SSH channel) carries all requests at
 * once, and loading a generated client would cost half a second of every run.
 */
export function createKubeAccess(options: KubeAccessOptions): KubeAccess {
  const pool = new ConnectionPool(options);

  async function open(signal: AbortSignal): Promise<KubeApi | NoControlPlane> {
    try {
      await pool.acquire(signal);
      // One of our own: every request under way listens to it, and Node warns of more than ten.
      const own = AbortSignal.any([signal]);
      setMaxListeners(0, own);
      return new PooledKubeApi(pool, own, options.patienceMs);
    } catch (error) {
      throwIfCancelled(signal);
      if (error instanceof NoControlPlane) return error;
      throw error;
    }
  }

  return {
    async connect(signal) {
      const opened = await open(signal);
      if (opened instanceof NoControlPlane) throw unreachable(opened);
      return opened;
    },
    async tryConnect(signal) {
      const opened = await open(signal);
      if (!(opened instanceof NoControlPlane)) return opened;
      if (opened.isDistrust) throw unreachable(opened);
      return undefined;
    },
    close: () => pool.close(),
  };
}
