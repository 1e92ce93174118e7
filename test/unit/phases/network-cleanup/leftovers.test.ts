import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ClusterFileInput } from '../../../../src/config/index.js';
import { lookAtLeftovers, portsOf, removeLeftovers, type Leftovers } from '../../../../src/phases/network-cleanup/leftovers.js';
import { calicoLink } from '../../../../src/phases/network-cleanup/node-pods.js';
import { aClusterSpec } from '../../../support/cluster-spec.js';
import { memoryHost } from '../../../support/memory-host.js';

const run = promisify(execFile);
type Cni = NonNullable<NonNullable<ClusterFileInput['spec']['network']>['cni']>;

/** As `ip -4 route show root 10.244.0.0/16` prints them on a host that had every network once. */
const ROUTES = `10.244.1.0/24 dev cni0 proto kernel scope link src 10.244.1.1 linkdown 
10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink 
10.244.3.0/24 via 192.0.2.13 dev eth0 
10.244.5.64/26 via 10.244.5.64 dev vxlan.calico proto 80 onlink 
10.244.6.64/26 via 192.0.2.14 dev eth0 proto bird 
blackhole 10.244.7.64/26 proto 80 
10.244.7.65 dev cali0123456789a scope link 
`;
const LINKS = `7: cali0123456789a@if2: <BROADCAST> mtu 1450 qdisc noqueue state UP mode DEFAULT
8: california@if2: <BROADCAST> mtu 1300 qdisc noqueue state UP mode DEFAULT
`;

describe('what another pod network has left', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'kbs-leftovers-'));
    const ip = `#!/bin/sh
case "$*" in
  '-4 route show'*) printf '%s' '${ROUTES}' ;;
  '-o link show type veth') printf '%s' '${LINKS}' ;;
esac`;
    writeFileSync(join(directory, 'ip'), ip);
    chmodSync(join(directory, 'ip'), 0o755);
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  async function leftovers(cni: Cni): Promise<readonly string[]> {
    const env = { ...process.env, PATH: `${directory}:${process.env['PATH'] ?? ''}` };
    const host = memoryHost({
      name: 'w1',
      address: '10.0.0.21',
      facts: { interfaces: [{ name: 'eth0', mac: '', mtu: 1500, addresses: ['10.0.0.21'] }] },
      answers: [
        [/./, async (text) => (/SUBNET=/.test(text) ? (await run('/bin/sh', ['-c', text], { env, encoding: 'utf8' })).stdout : '')],
      ],
    });
    const found = await lookAtLeftovers(host, aClusterSpec({ spec: { network: { cni } } }));
    return found.things;
  }

  test('flannel’s and kube-router’s routes go when Calico comes; its own stay', async () => {
    expect(await leftovers({ type: 'calico', calico: { mode: 'vxlan' } })).toEqual([
      'route 10.244.1.0/24 dev cni0',
      'route 10.244.2.0/24 dev flannel.1',
      'route 10.244.3.0/24 dev eth0',
    ]);
  });

  test('Calico’s routes and pods go when another network comes, also routes through a link that this one uses', async () => {
    const calico = [
      'route 10.244.5.64/26 dev vxlan.calico',
      'route 10.244.6.64/26 dev eth0',
      'route blackhole 10.244.7.64/26',
      'route 10.244.7.65 dev cali0123456789a',
      'port cali0123456789a',
    ];
    expect(await leftovers({ backend: 'vxlan' })).toEqual(['route 10.244.3.0/24 dev eth0', ...calico]);
    expect(await leftovers({ backend: 'host-gw' })).toEqual(['route 10.244.2.0/24 dev flannel.1', ...calico]);
  });

  test('what carries pods of Calico goes after them, and so do links whose pods are gone; its CNI configuration goes first', async () => {
    const told: string[] = [];
    const host = memoryHost({ answers: [[/./, (text) => (told.push(text), '')]] });
    const things = [
      'file /etc/cni/net.d/10-calico.conflist',
      'set cali40all',
      'route 10.244.5.64/26 dev vxlan.calico',
      'port cali0123456789a',
    ];
    const found: Leftovers = {
      things,
      rules: [{ tool: 'iptables-nft', cleanings: [{ table: 'filter', chains: ['cali-FORWARD'], rules: [] }] }],
    };
    expect(portsOf(found)).toEqual({ bridged: new Set(), links: new Set(['cali0123456789a']) });
    await removeLeftovers(host, aClusterSpec(), found, 'pods are there');
    expect(told).toEqual([expect.stringContaining('10-calico.conflist')]);
    expect(told.join('\n')).not.toMatch(/cali40all|dev vxlan\.calico|port cali/);
    await removeLeftovers(host, aClusterSpec(), found, { ended: new Set() });
    expect(told.slice(1)).toEqual([expect.stringContaining('iptables-nft-restore'), expect.stringContaining('port cali0123456789a')]);
  });

  test('pods on a bridge hold nothing but the bridge', async () => {
    const told: string[] = [];
    const host = memoryHost({ answers: [[/./, (text) => (told.push(text), '')]] });
    const found: Leftovers = { things: ['link flannel.1', 'port veth0', 'port veth1', 'bridge cni0'], rules: [] };
    expect(portsOf(found).bridged).toEqual(new Set(['veth0', 'veth1']));
    await removeLeftovers(host, aClusterSpec(), found, 'pods are there');
    expect(told.join('\n')).toMatch(/set -- '?link flannel\.1'?$/m);
    await removeLeftovers(host, aClusterSpec(), found, { ended: new Set(['veth0']) });
    expect(told.at(-1)).toMatch(/set -- '?link flannel\.1'? '?port veth0'? '?bridge cni0'?$/m);
  });

  test('the link of a pod has the name Calico gives it', () => {
    expect(calicoLink({ namespace: 'kube-system', name: 'coredns-565d847f94-6x7w6' })).toBe('cali039c9765f97');
  });

  test('pods of Calico with another MTU than the cluster file has are started anew', async () => {
    expect(await leftovers({ type: 'calico', calico: { mtu: 1400 } })).toContain('port cali0123456789a');
    expect(await leftovers({ type: 'calico', calico: { mtu: 1450 } })).not.toContain('port cali0123456789a');
  });
});
