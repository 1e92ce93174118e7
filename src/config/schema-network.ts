import { z } from 'zod';
import { flannelRelease, SUPPORTED_FLANNEL } from '../versions/index.js';
import { FLANNEL_BACKENDS, POD_NETWORKS, POLICY_ENGINES } from './checks/pod-network.js';
import { cidrProblem, podSubnetProblem, serviceSubnetProblem } from './checks/subnet.js';
import { dnsName, interfaceName, localPath, podMtu, text } from './schema-fields.js';
import { calico } from './schema-calico.js';
import { kubeProxy } from './schema-kube-proxy.js';

const flannelVersion = text((value) =>
  flannelRelease(value) === undefined ? `flannel ${value} is not supported: kbs knows ${SUPPORTED_FLANNEL}` : undefined,
);

const cni = z.strictObject({
  type: z
    .enum(POD_NETWORKS)
    .default('flannel')
    .describe(
      'Pod network; kube-router: routes by BGP, without encapsulation; custom: your manifests, applied and waited for; none: you bring your own, and nodes stay NotReady until then',
    ),
  backend: z
    .enum(FLANNEL_BACKENDS)
    .default('vxlan')
    .describe(
      'With flannel, how packets travel between hosts; vxlan: in UDP packets, port 8472; host-gw: as they are, for hosts on one segment; udp: through a program, port 8285, where nothing else works',
    ),
  manifests: z
    .array(localPath)
    .min(1)
    .optional()
    .describe(
      'With type: custom, files on this machine (YAML or JSON), or folders with such files, with everything the network consists of',
    ),
  calico: calico.prefault({}).describe('With type: calico'),
  version: flannelVersion.optional().describe('flannel version, e.g. v0.22.3; default: pinned'),
  interface: interfaceName
    .optional()
    .describe('With flannel and calico, interface for traffic between hosts; default: the one with the host’s address'),
  interfaceCidr: text(cidrProblem)
    .optional()
    .describe(
      'With flannel and calico, the same by address, where interfaces have other names on other hosts: the one with an address in this range',
    ),
  mtu: podMtu
    .optional()
    .describe(
      'With flannel, MTU of pods’ interfaces; default: that of the interface between hosts, less what the backend puts around a packet',
    ),
});

const networkPolicy = z.strictObject({
  engine: z
    .enum(POLICY_ENGINES)
    .default('none')
    .describe(
      'kube-router: beside any pod network, or as a part of it where that is kube-router itself; none: nobody, or your network does',
    ),
});

/** Addresses, pod network, policies and services. */
export const network = z.strictObject({
  podSubnet: text(podSubnetProblem).default('10.244.0.0/16').describe('Addresses of pods; each node takes a /24 of it'),
  serviceSubnet: text(serviceSubnetProblem).default('10.96.0.0/12').describe('Addresses of services'),
  dnsDomain: dnsName.default('cluster.local').describe('DNS domain of services'),
  cni: cni.prefault({}).describe('Pod network'),
  networkPolicy: networkPolicy.prefault({}).describe('Who enforces NetworkPolicy'),
  kubeProxy: kubeProxy.prefault({}).describe('Service proxy'),
});
