import { nodeHosts, type ClusterSpec } from '../../config/index.js';
import type { Host } from '../../host/index.js';
import { hostSpecOf } from '../context.js';
import { networkLink, networkMode } from '../pod-network/index.js';
import type { NetworkNeed } from './types.js';

function choiceOf({ interface: name, interfaceCidr }: ClusterSpec['network']['cni']): string | undefined {
  if (name !== undefined) return `interface: ${name}`;
  return interfaceCidr === undefined ? undefined : `interfaceCidr: ${interfaceCidr}`;
}

/** What the pod network asks of a node; undefined when it is none of kbs's own. Pure. */
export function podNetworkNeed(spec: ClusterSpec, host: Host, others: readonly Host[]): NetworkNeed | undefined {
  const mode = networkMode(spec);
  if (mode === undefined) return undefined;
  const { cni } = spec.network;
  const choice = choiceOf(cni);
  const peers = nodeHosts(spec).filter(({ name }) => name !== host.name);
  const linkOf = (name: string, address: string) => {
    const other = others.find((candidate) => candidate.name === name);
    return other === undefined ? undefined : networkLink(other.facts, address, cni);
  };
  const neighbours = peers.flatMap(({ name, address }) => {
    // Of a host that is not of this run nobody knows the address on an interface of the user's choice.
    const known = choice === undefined ? address : linkOf(name, address)?.address;
    return known === undefined ? [] : [known];
  });
  return {
    title: mode.title,
    overheadBytes: mode.overheadBytes,
    mtu: cni.type === 'calico' ? cni.calico.mtu : cni.mtu,
    opening: mode.opening,
    choice,
    link: networkLink(host.facts, hostSpecOf(spec, host).address, cni),
    otherLinks: peers.flatMap(({ name, address }) => {
      const link = linkOf(name, address);
      return link === undefined ? [] : [{ host: name, mtu: link.mtu }];
    }),
    neighbours: mode.needsOneSegment ? neighbours : [],
  };
}
