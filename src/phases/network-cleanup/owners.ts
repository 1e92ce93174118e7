import type { ClusterSpec } from '../../config/index.js';
import { CALICO_OWNER, FLANNEL_OWNER, KUBE_ROUTER_POLICY_OWNER, KUBE_ROUTER_ROUTE_OWNER, type RuleOwner } from '../reset/index.js';

/** Whose rules have no business on a node as the cluster file wants it. Pure. */
export function formerRuleOwners({ network }: Pick<ClusterSpec, 'network'>): RuleOwner {
  const { type } = network.cni;
  const former = [
    ...(type === 'flannel' ? [] : [FLANNEL_OWNER]),
    ...(type === 'calico' ? [] : [CALICO_OWNER]),
    ...(type === 'kube-router' ? [] : [KUBE_ROUTER_ROUTE_OWNER]),
    ...(network.networkPolicy.engine === 'kube-router' ? [] : [KUBE_ROUTER_POLICY_OWNER]),
  ];
  return {
    ownsChain: (chain, table) => former.some(({ ownsChain }) => ownsChain(chain, table)),
    ownsRule: (rule) => former.some(({ ownsRule }) => ownsRule(rule)),
  };
}

/** Names of the sets that go with them, as an extended regular expression. Pure. */
export function formerSets({ network }: Pick<ClusterSpec, 'network'>): string {
  const names = [
    ...(network.cni.type === 'calico' ? [] : ['cali[46]']),
    ...(network.cni.type === 'kube-router' ? [] : ['kube-router-']),
    ...(network.networkPolicy.engine === 'kube-router' ? [] : ['KUBE-SRC-', 'KUBE-DST-']),
  ];
  return names.length === 0 ? '^$' : `^(inet6:)?(${names.join('|')})`;
}
