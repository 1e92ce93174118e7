import { z } from 'zod';
import { dnsName, podMtu } from './schema-fields.js';

/** How Calico carries packets of pods between hosts. */
export const CALICO_MODES = ['vxlan', 'vxlan-cross-subnet', 'ipip', 'bgp'] as const;

/** Settings of Calico. */
export const calico = z.strictObject({
  mode: z
    .enum(CALICO_MODES)
    .default('vxlan')
    .describe(
      'vxlan: wrapped in UDP; vxlan-cross-subnet: wrapped only between subnets of hosts; ipip: wrapped in IP, routes by BGP; bgp: not wrapped, routes by BGP',
    ),
  blockSize: z.number().int().min(20).max(32).default(26).describe('Prefix length of the block of pod addresses a node takes at a time'),
  mtu: podMtu
    .optional()
    .describe('MTU of pods’ interfaces; default: that of the host’s interfaces, less what the mode puts around a packet'),
  asNumber: z.number().int().min(1).max(4_294_967_295).default(64512).describe('AS number of the nodes, with modes ipip and bgp'),
  routeReflectors: z
    .array(dnsName)
    .default([])
    .describe(
      'Hosts that hand on the routes of all others, for large clusters with modes ipip and bgp; default: every node talks to every other one',
    ),
});
