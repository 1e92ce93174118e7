import { describe, expect, test } from 'vitest';
import type { ClusterFileInput } from '../../../../src/config/index.js';
import { formerRuleOwners, formerSets } from '../../../../src/phases/network-cleanup/owners.js';
import { clusterRules } from '../../../../src/phases/reset/firewall-rules.js';
import { aClusterSpec } from '../../../support/cluster-spec.js';

/** What kube-proxy, flannel and kube-router leave together, as iptables-save prints it. */
const SAVED = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:FLANNEL-FWD - [0:0]
:KUBE-FORWARD - [0:0]
:KUBE-NWPLCY-DEFAULT - [0:0]
:KUBE-POD-FW-ABCDEFGHIJKLMNOP - [0:0]
:KUBE-ROUTER-FORWARD - [0:0]
-A FORWARD -i kube-bridge -m comment --comment "allow outbound traffic from pods" -j ACCEPT
-A FORWARD -m comment --comment "kube-router netpol - TEMCG2JMHZYE7H7T" -j KUBE-ROUTER-FORWARD
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
COMMIT
*nat
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -m set --match-set kube-router-pod-subnets src -m set ! --match-set kube-router-pod-subnets dst -j MASQUERADE
-A POSTROUTING -s 10.244.0.0/16 -m comment --comment "flanneld masq" -j MASQUERADE
COMMIT
`;

type Network = NonNullable<ClusterFileInput['spec']['network']>;

function found(network: Network, saved = SAVED): { readonly chains: readonly string[]; readonly rules: number } {
  const cleanings = clusterRules(saved, () => false, formerRuleOwners(aClusterSpec({ spec: { network } })));
  return { chains: cleanings.flatMap(({ chains }) => chains).sort(), rules: cleanings.flatMap(({ rules }) => rules).length };
}

const POLICY_CHAINS = ['KUBE-NWPLCY-DEFAULT', 'KUBE-POD-FW-ABCDEFGHIJKLMNOP', 'KUBE-ROUTER-FORWARD'];

describe('rules of a former network', () => {
  test('with flannel alone those of kube-router go, and kube-proxy’s stay', () => {
    expect(found({})).toEqual({ chains: POLICY_CHAINS, rules: 3 });
  });

  test('with kube-router as engine beside flannel only its routing goes', () => {
    expect(found({ networkPolicy: { engine: 'kube-router' } })).toEqual({ chains: [], rules: 2 });
  });

  test('Calico’s go with every other network, wherever they are, and with Calico all others’', () => {
    const saved = `*filter
:FORWARD ACCEPT [0:0]
:FLANNEL-FWD - [0:0]
:KUBE-FORWARD - [0:0]
:cali-FORWARD - [0:0]
:cali-tw-cali0123456789a - [0:0]
-A FORWARD -m comment --comment "cali:wUHhoiAYhphO9Mso" -j cali-FORWARD
-A FORWARD -m comment --comment "cali:S93hcgKJrXEqnTfs" -m mark --mark 0x10000/0x10000 -j ACCEPT
-A FORWARD -j KUBE-FORWARD
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
COMMIT
`;
    expect(found({}, saved)).toEqual({ chains: ['cali-FORWARD', 'cali-tw-cali0123456789a'], rules: 2 });
    expect(found({ cni: { type: 'calico' } }, saved)).toEqual({ chains: ['FLANNEL-FWD'], rules: 1 });
  });

  test('with kube-router alone flannel’s go, and its own policies where it enforces none', () => {
    expect(found({ cni: { type: 'kube-router' } })).toEqual({ chains: ['FLANNEL-FWD', ...POLICY_CHAINS], rules: 3 });
    expect(found({ cni: { type: 'kube-router' }, networkPolicy: { engine: 'kube-router' } })).toEqual({
      chains: ['FLANNEL-FWD'],
      rules: 2,
    });
  });
});

test.each([
  [
    {},
    ['kube-router-pod-subnets', 'inet6:kube-router-node-ips', 'KUBE-SRC-ABC', 'cali40masq-ipam-pools'],
    ['KUBE-CLUSTER-IP', 'mine', 'california'],
  ],
  [{ cni: { type: 'calico' } }, ['kube-router-pod-subnets', 'KUBE-SRC-ABC'], ['cali40masq-ipam-pools']],
  [{ networkPolicy: { engine: 'kube-router' } }, ['kube-router-pod-subnets'], ['KUBE-SRC-ABC', 'KUBE-DST-ABC']],
  [{ cni: { type: 'kube-router' } }, ['KUBE-DST-ABC'], ['kube-router-pod-subnets']],
  [{ cni: { type: 'kube-router' }, networkPolicy: { engine: 'kube-router' } }, [], ['KUBE-DST-ABC', 'kube-router-pod-subnets']],
] as const)('sets that go with %o', (network, going, staying) => {
  const sets = new RegExp(formerSets(aClusterSpec({ spec: { network: network } })));
  expect(going.filter((name) => !sets.test(name))).toEqual([]);
  expect(staying.filter((name) => sets.test(name))).toEqual([]);
});
