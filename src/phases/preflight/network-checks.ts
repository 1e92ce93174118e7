import type { CheckSubject, PreflightCheck, PreflightInput } from './types.js';

/** Source: RFC 791: every host takes packets of this size. */
const SMALLEST_MTU = 576;

const hasNetwork = ({ podNetwork }: PreflightInput): boolean => podNetwork !== undefined;

function interfaceProblem({ host: { facts }, input: { podNetwork } }: CheckSubject): string | undefined {
  // Without a choice it is the interface with the host's address, which has a check of its own.
  if (podNetwork?.choice === undefined || podNetwork.link !== undefined) return undefined;
  const seen = facts.interfaces.map(({ name, addresses }) => [name, ...addresses].join(' ')).join(', ');
  return `no interface for the pod network fits ${podNetwork.choice} (${seen}) — correct it in network.cni`;
}

function segmentProblem({ input: { podNetwork }, findings }: CheckSubject): string | undefined {
  if (podNetwork === undefined || findings.routedHosts.length === 0) return undefined;
  const seen = findings.routedHosts.map((line) => {
    const [address = '', router = ''] = line.split(' ');
    return `${address} is behind the router ${router}`;
  });
  return `${seen.join(', ')}, which knows no routes to pods: ${podNetwork.title} needs all hosts on one segment — use network.cni: { type: flannel, backend: vxlan } or { type: calico, calico: { mode: vxlan-cross-subnet } }`;
}

function mtuProblem({ input: { podNetwork } }: CheckSubject): string | undefined {
  const link = podNetwork?.link;
  if (podNetwork === undefined || link === undefined) return undefined;
  const most = link.mtu - podNetwork.overheadBytes;
  if (podNetwork.mtu !== undefined && podNetwork.mtu > most)
    return `packets of pods of ${podNetwork.mtu} bytes are too long for ${link.name}: it carries ${link.mtu}, ${podNetwork.title} takes ${podNetwork.overheadBytes} of them — set an mtu of ${most} or less in network.cni`;
  if (most >= SMALLEST_MTU) return undefined;
  return `${link.name} carries packets of ${link.mtu} bytes, ${podNetwork.title} takes ${podNetwork.overheadBytes} of them — set a larger MTU: ip link set ${link.name} mtu 1500`;
}

function mtuWarning({ input: { podNetwork } }: CheckSubject): string | undefined {
  const link = podNetwork?.link;
  const smaller = (podNetwork?.otherLinks ?? []).filter(({ mtu }) => link !== undefined && mtu < link.mtu);
  if (link === undefined || smaller.length === 0) return undefined;
  const seen = smaller.map(({ host, mtu }) => `${mtu} on ${host}`).join(', ');
  return `${link.name} carries packets of ${link.mtu} bytes, but ${seen}: long packets of pods get lost on the way there — give these links one MTU`;
}

/** Checks of what the pod network needs. */
export const NETWORK_CHECKS: readonly PreflightCheck[] = [
  { name: 'PodNetworkInterface', level: 'error', appliesTo: hasNetwork, run: interfaceProblem },
  { name: 'PodNetworkSegment', level: 'error', appliesTo: hasNetwork, run: segmentProblem },
  { name: 'PodNetworkMtu', level: 'error', appliesTo: hasNetwork, run: mtuProblem },
  { name: 'PodNetworkMtu', level: 'warning', appliesTo: hasNetwork, run: mtuWarning },
];
