import type { Draft } from './draft.js';
import type { Problem } from './problem.js';

const KUBE_PROXY = ['spec', 'network', 'kubeProxy'] as const;

/** Fields of KubeProxyConfiguration's own `ipvs` that have a place of their own: kbs loads what they need. */
const OWNED_IPVS_FIELDS = ['scheduler', 'strictARP', 'excludeCIDRs'] as const;

/** What is wrong between kube-proxy's settings. */
export function* kubeProxyProblems(draft: Draft): Generator<Problem> {
  for (const field of OWNED_IPVS_FIELDS) {
    const path = [...KUBE_PROXY, 'config', 'ipvs', field];
    if (draft.at(...path) !== undefined)
      yield { path, atKey: true, message: `has its own place: set spec.network.kubeProxy.ipvs.${field}` };
  }
}

/** What is allowed and yet probably not meant. */
export function* kubeProxyWarnings(draft: Draft): Generator<Problem> {
  if ((draft.at(...KUBE_PROXY, 'mode') ?? 'iptables') !== 'iptables') return;
  const path = [...KUBE_PROXY, 'ipvs'];
  if (draft.at(...path) !== undefined) yield { path, atKey: true, message: 'has no effect with mode: iptables' };
}
