import { CALICO_CONFIG_MAP } from '../../constants/index.js';

/** How packets of pods travel between hosts. */
export type CalicoMode = 'vxlan' | 'vxlan-cross-subnet' | 'ipip' | 'bgp';

/** What the environment says besides the ConfigMap. */
interface Settings {
  readonly autodetection: string;
  readonly mtuInterfaces: string;
}

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: Readonly<Record<string, unknown>>;
}

function configured(name: string, key: string): Variable {
  return { name, valueFrom: { configMapKeyRef: { name: CALICO_CONFIG_MAP, key } } };
}

function environment({ autodetection, mtuInterfaces }: Settings): readonly Variable[] {
  const values: Readonly<Record<string, string>> = {
    DATASTORE_TYPE: 'kubernetes',
    WAIT_FOR_DATASTORE: 'true',
    CLUSTER_TYPE: 'k8s,bgp',
    IP: 'autodetect',
    IP_AUTODETECTION_METHOD: autodetection,
    // The pool is an object of kbs's own: one that calico-node makes is never changed again.
    NO_DEFAULT_POOLS: 'true',
    CALICO_DISABLE_FILE_LOGGING: 'true',
    FELIX_DEFAULTENDPOINTTOHOSTACTION: 'ACCEPT',
    FELIX_IPV6SUPPORT: 'false',
    FELIX_HEALTHENABLED: 'true',
    FELIX_MTUIFACEPATTERN: mtuInterfaces,
  };
  return [
    ...Object.entries(values).map(([name, value]) => ({ name, value })),
    { name: 'NODENAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
    configured('CALICO_NETWORKING_BACKEND', 'calico_backend'),
    configured('FELIX_TYPHAK8SSERVICENAME', 'typha_service_name'),
    configured('FELIX_IPINIPMTU', 'veth_mtu'),
    configured('FELIX_VXLANMTU', 'veth_mtu'),
    configured('FELIX_WIREGUARDMTU', 'veth_mtu'),
  ];
}

/** The part of calico-node's container that depends on the mode: without BGP there is no bird to ask after. Source: Calico v3.25, node. */
export function calicoContainer(input: Settings & { readonly mode: CalicoMode }): Readonly<Record<string, unknown>> {
  const isBird = input.mode === 'ipip' || input.mode === 'bgp';
  const ask = (what: 'live' | 'ready') => ({
    exec: { command: ['/bin/calico-node', `-felix-${what}`, ...(isBird ? [`-bird-${what}`] : [])] },
    periodSeconds: 10,
    timeoutSeconds: 10,
  });
  return {
    env: environment(input),
    livenessProbe: { ...ask('live'), initialDelaySeconds: 10, failureThreshold: 6 },
    readinessProbe: ask('ready'),
  };
}
