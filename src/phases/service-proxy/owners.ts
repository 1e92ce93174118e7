import type { RuleOwner } from '../reset/index.js';

/**
 * Chains and rules that only one mode of kube-proxy makes; what both make, and the kubelet, is overwritten by whoever works now.
 * Source: kube-proxy v1.25 iptables/proxier.go and ipvs/proxier.go (jump chains, CleanupLeftovers).
 */
const ONLY_IPTABLES: RuleOwner = {
  ownsChain: (chain, table) =>
    /^KUBE-(SVC|SVL|SEP|EXT|FW|XLB)-/.test(chain) ||
    ['KUBE-NODEPORTS', 'KUBE-EXTERNAL-SERVICES', 'KUBE-PROXY-CANARY'].includes(chain) ||
    (chain === 'KUBE-SERVICES' && table === 'filter'),
  ownsRule: (rule) => rule.includes('--comment "kubernetes load balancer firewall"'),
};

const ONLY_IPVS: RuleOwner = {
  ownsChain: (chain) => ['KUBE-NODE-PORT', 'KUBE-LOAD-BALANCER', 'KUBE-SOURCE-RANGES-FIREWALL'].includes(chain),
  ownsRule: (rule) => rule.includes('--comment "kube-proxy firewall rules"'),
};

/** Modes kbs sets up. */
export type ServiceProxyMode = 'iptables' | 'ipvs';

/** What the other mode than this one may have left behind. */
export function ownerOfOtherMode(mode: ServiceProxyMode): RuleOwner {
  return mode === 'ipvs' ? ONLY_IPTABLES : ONLY_IPVS;
}
