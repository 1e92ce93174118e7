/** Who makes the control-plane endpoint answer. */
export const ENDPOINT_PROVIDERS = ['external', 'kube-vip', 'keepalived', 'local-lb'] as const;

/** One of {@link ENDPOINT_PROVIDERS}. */
export type EndpointProvider = (typeof ENDPOINT_PROVIDERS)[number];

/** Whether a provider moves an address of its own between the control planes. */
export function hasVirtualAddress(provider: EndpointProvider): boolean {
  return provider === 'kube-vip' || provider === 'keepalived';
}
