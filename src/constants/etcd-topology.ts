/** Where etcd runs: a member on each control plane, members on hosts of their own that kbs sets up, or somewhere else. */
export type EtcdTopology = 'stacked' | 'hosts' | 'external';

/** Where the etcd of a cluster runs, by what its file says. */
export function etcdTopology({
  hosts = [],
  etcd,
}: {
  readonly hosts?: readonly { readonly roles: readonly string[] }[] | undefined;
  readonly etcd?: { readonly external?: unknown } | undefined;
}): EtcdTopology {
  if (etcd?.external !== undefined) return 'external';
  return hosts.some(({ roles }) => roles.includes('etcd')) ? 'hosts' : 'stacked';
}
