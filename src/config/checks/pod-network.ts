/** Pod networks: those kbs makes, one of the user's own manifests, and one that is none of kbs's business. */
export const POD_NETWORKS = ['flannel', 'calico', 'kube-router', 'custom', 'none'] as const;

/** One of {@link POD_NETWORKS}. */
export type PodNetworkType = (typeof POD_NETWORKS)[number];

/** How flannel sends packets of pods from host to host. */
export const FLANNEL_BACKENDS = ['vxlan', 'host-gw', 'udp'] as const;

/** One of {@link FLANNEL_BACKENDS}. */
export type FlannelBackend = (typeof FLANNEL_BACKENDS)[number];

/** Who enforces NetworkPolicy. */
export const POLICY_ENGINES = ['none', 'kube-router'] as const;

/** One of {@link POLICY_ENGINES}. */
export type PolicyEngine = (typeof POLICY_ENGINES)[number];
