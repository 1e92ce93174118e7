import type { Phase } from '../../engine/index.js';
import type { RunContext } from '../context.js';
import { apiServerManifest, apiServerReadyStep, rolledManifestsStep } from '../control-plane/index.js';

/** The API servers learn which members of etcd there are now, one after the other: the others serve meanwhile. */
export const etcdServersPhase: Phase<Pick<RunContext, 'spec' | 'images' | 'pki' | 'etcd'>> = {
  name: 'etcd-servers',
  title: 'Tell the API servers which members of etcd there are',
  summary: 'gives the API server of every control plane the members of the cluster file, one control plane after the other',
  on: 'control-plane',
  atOnce: 1,
  after: [],
  steps: async (context, host) => [
    rolledManifestsStep(context, [apiServerManifest(context, host)], { id: 'control-plane/manifests' }),
    apiServerReadyStep((await context.pki.shared()).ca.certificate, context.spec),
  ],
};
