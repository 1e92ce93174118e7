import { z } from 'zod';
import { OWNED_KUBE_PROXY_FIELDS } from './checks/owned-fields.js';
import { cidrProblem } from './checks/subnet.js';
import { foreignDocument, text } from './schema-fields.js';

/** Schedulers of IPVS that kbs makes sure of. Source: ipvsadm(8). */
export const IPVS_SCHEDULERS = ['rr', 'lc', 'dh', 'sh', 'sed', 'nq'] as const;

const ipvs = z.strictObject({
  scheduler: z
    .enum(IPVS_SCHEDULERS)
    .default('rr')
    .describe(
      'Which endpoint a connection goes to; rr: in turn, lc: fewest connections, dh, sh: by destination or source, sed, nq: shortest expected wait',
    ),
  strictARP: z
    .boolean()
    .default(false)
    .describe('Answer ARP only for addresses of the interface that was asked; load balancers that announce addresses by ARP need it'),
  excludeCIDRs: z.array(text(cidrProblem)).default([]).describe('Addresses of virtual servers that kube-proxy lets alone'),
});

/** Service proxy of every node. */
export const kubeProxy = z.strictObject({
  mode: z
    .enum(['iptables', 'ipvs'])
    .default('iptables')
    .describe('How services are done; ipvs: the kernel must have IPVS, which kbs checks and loads'),
  ipvs: ipvs.prefault({}).describe('With mode: ipvs'),
  config: foreignDocument(OWNED_KUBE_PROXY_FIELDS).default({}).describe('Fields of KubeProxyConfiguration that differ from the defaults'),
});
