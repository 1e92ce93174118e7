import { setMaxListeners } from 'node:events';
import { PooledKubeApi } from './api.js';
import { ConnectionPool, NoControlPlane, throwIfCancelled, type PoolOptions } from './connection-pool.js';
import { Discovery } from './discovery.js';
import { unreachable } from './retrying-client.js';
import type { KubeAccess, KubeApi } from './types.js';

/** How the API is reached. */
export interface KubeAccessOptions extends PoolOptions {
  /** How long requests that may be repeated are tried again; default 20 000. */
  readonly patienceMs?: number;
}

/**
 * The API of a cluster, reached over the hosts' own connections: nothing listens on this machine, and nothing is
 * configured there.
 */
export function createKubeAccess(options: KubeAccessOptions): KubeAccess {
  const pool = new ConnectionPool(options);
  const discovery = new Discovery();
  // Takes half a second, which is best spent now, while hosts are waited for; who connects hears of errors.
  const loading = import('./object-api.js');
  loading.catch(() => undefined);

  async function open(signal: AbortSignal): Promise<KubeApi | NoControlPlane> {
    try {
      await pool.acquire(signal);
      // One of our own: every request under way listens to it, and Node warns of more than ten.
      const own = AbortSignal.any([signal]);
      setMaxListeners(0, own);
      return new PooledKubeApi({ pool, library: await loading, discovery, patienceMs: options.patienceMs }, own);
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
    close: async () => pool.close(),
  };
}
