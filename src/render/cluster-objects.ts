import { isIPv6 } from 'node:net';
import { PATHS } from '../constants/index.js';
import { printYaml } from '../yaml/index.js';
import { mergeFields, type Fields } from './merge-fields.js';
import { renderTemplate } from './template.js';
import type { ClusterConfigurationInput, ComponentOverrides, ExtraVolume, KubeProxyConfigInput } from './types.js';

const SERVICE_ACCOUNT_DIR = '/var/run/secrets/kubernetes.io/serviceaccount';

function volumeFields({ name, hostPath, mountPath, readOnly, pathType }: ExtraVolume): Fields {
  return { name, hostPath, mountPath, ...(readOnly ? { readOnly } : {}), ...(pathType === undefined ? {} : { pathType }) };
}

function componentFields({ extraArgs, extraVolumes }: ComponentOverrides): Fields {
  return {
    ...(Object.keys(extraArgs).length === 0 ? {} : { extraArgs }),
    ...(extraVolumes.length === 0 ? {} : { extraVolumes: extraVolumes.map(volumeFields) }),
  };
}

function etcdFields({ etcd, externalEtcd }: ClusterConfigurationInput): Fields {
  if (externalEtcd === undefined) {
    return { local: { dataDir: etcd.dataDir, ...componentFields({ extraArgs: etcd.extraArgs, extraVolumes: [] }) } };
  }
  const [caFile, certFile, keyFile] = ['etcd/ca.crt', 'apiserver-etcd-client.crt', 'apiserver-etcd-client.key'].map(
    (name) => `${PATHS.pkiDir}/${name}`,
  );
  return { external: { caFile, certFile, endpoints: externalEtcd, keyFile } };
}

/** ClusterConfiguration, the text in ConfigMap kubeadm-config. Source of fields and defaults: kubeadm v1.25, v1beta3. */
export function renderClusterConfiguration(input: ClusterConfigurationInput): string {
  const { apiServer } = input;
  // kubeadm leaves the authorization mode behind as if the user had given it; `kubeadm upgrade` starts from here.
  const apiServerArgs = { ...apiServer, extraArgs: { 'authorization-mode': 'Node,RBAC', ...apiServer.extraArgs } };
  return printYaml({
    apiVersion: 'kubeadm.k8s.io/v1beta3',
    kind: 'ClusterConfiguration',
    apiServer: {
      ...componentFields(apiServerArgs),
      ...(apiServer.certSANs.length === 0 ? {} : { certSANs: apiServer.certSANs }),
      timeoutForControlPlane: '4m0s',
    },
    certificatesDir: PATHS.pkiDir,
    clusterName: input.clusterName,
    controlPlaneEndpoint: input.controlPlaneEndpoint,
    controllerManager: componentFields(input.controllerManager),
    dns: {},
    etcd: etcdFields(input),
    imageRepository: input.imageRepository,
    kubernetesVersion: input.kubernetesVersion,
    networking: { dnsDomain: input.dnsDomain, podSubnet: input.podSubnet, serviceSubnet: input.serviceSubnet },
    scheduler: componentFields(input.scheduler),
  });
}

/** Every field at its zero value, which kube-proxy reads as its own default. Source: kubeadm v1.25 componentconfigs. */
const KUBE_PROXY_ZEROS: Fields = {
  apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
  kind: 'KubeProxyConfiguration',
  bindAddressHardFail: false,
  clientConnection: {
    acceptContentTypes: '',
    burst: 0,
    contentType: '',
    kubeconfig: '/var/lib/kube-proxy/kubeconfig.conf',
    qps: 0,
  },
  configSyncPeriod: '0s',
  conntrack: { maxPerCore: null, min: null, tcpCloseWaitTimeout: null, tcpEstablishedTimeout: null },
  detectLocal: { bridgeInterface: '', interfaceNamePrefix: '' },
  detectLocalMode: '',
  enableProfiling: false,
  healthzBindAddress: '',
  hostnameOverride: '',
  iptables: { masqueradeAll: false, masqueradeBit: null, minSyncPeriod: '0s', syncPeriod: '0s' },
  ipvs: {
    excludeCIDRs: null,
    minSyncPeriod: '0s',
    scheduler: '',
    strictARP: false,
    syncPeriod: '0s',
    tcpFinTimeout: '0s',
    tcpTimeout: '0s',
    udpTimeout: '0s',
  },
  metricsBindAddress: '',
  mode: '',
  nodePortAddresses: null,
  oomScoreAdj: null,
  portRange: '',
  showHiddenMetricsForVersion: '',
  udpIdleTimeout: '0s',
  winkernel: { enableDSR: false, forwardHealthCheckVip: false, networkName: '', rootHnsEndpointName: '', sourceVip: '' },
};

function ipvsFields({ scheduler, strictARP, excludeCIDRs }: NonNullable<KubeProxyConfigInput['ipvs']>): Fields {
  return { scheduler, strictARP, ...(excludeCIDRs.length === 0 ? {} : { excludeCIDRs }) };
}

/** KubeProxyConfiguration, `config.conf` of ConfigMap kube-proxy; without a newline at the end, as kubeadm has it. */
export function renderKubeProxyConfig(input: KubeProxyConfigInput): string {
  const own = { bindAddress: isIPv6(input.advertiseAddress) ? '::' : '0.0.0.0', clusterCIDR: input.podSubnet };
  const mode = input.ipvs === undefined ? {} : { mode: 'ipvs', ipvs: ipvsFields(input.ipvs) };
  const fields = mergeFields(mergeFields({ ...KUBE_PROXY_ZEROS, ...own }, mode), input.overrides);
  return printYaml(fields).trimEnd();
}

/**
 * `kubeconfig.conf` of ConfigMap kube-proxy; without a newline at the end, as kubeadm has it.
 * @throws KbsError INTERNAL when the result is no YAML
 */
export function renderKubeProxyKubeconfig({ server }: { readonly server: string }): string {
  return renderTemplate('kube-proxy-kubeconfig.yaml', { server, serviceAccountDir: SERVICE_ACCOUNT_DIR }).trimEnd();
}

/** Corefile, in ConfigMap coredns. Source of plugins and their order: kubeadm v1.25 addons/dns. */
export function renderCorefile(input: { readonly dnsDomain: string }): string {
  return renderTemplate('Corefile', input);
}
