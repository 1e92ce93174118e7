import { PATHS, PORTS } from '../constants/index.js';
import { KbsError } from '../errors/index.js';
import { printYaml } from '../yaml/index.js';
import { mergeFields } from './merge-fields.js';
import { flagList } from './static-pod.js';
import { renderTemplate } from './template.js';
import type { KubeletConfigInput, KubeletFlagsInput } from './types.js';

/** Durations of KubeletConfiguration that kubeadm writes as zero, which the kubelet reads as its own default. */
const ZERO_DURATIONS = [
  'cpuManagerReconcilePeriod',
  'evictionPressureTransitionPeriod',
  'fileCheckFrequency',
  'httpCheckFrequency',
  'imageMinimumGCAge',
  'nodeStatusReportFrequency',
  'nodeStatusUpdateFrequency',
  'runtimeRequestTimeout',
  'shutdownGracePeriod',
  'shutdownGracePeriodCriticalPods',
  'streamingConnectionIdleTimeout',
  'syncFrequency',
  'volumeStatsAggPeriod',
] as const;

/** config.yaml of the kubelet, also the text in ConfigMap kubelet-config (there without `resolvConf`). Source: kubeadm v1.25 componentconfigs. */
export function renderKubeletConfig(input: KubeletConfigInput): string {
  const defaults = {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { cacheTTL: '0s', enabled: true },
      x509: { clientCAFile: PATHS.caCertificate },
    },
    authorization: { mode: 'Webhook', webhook: { cacheAuthorizedTTL: '0s', cacheUnauthorizedTTL: '0s' } },
    cgroupDriver: input.cgroupDriver,
    clusterDNS: [input.clusterDns],
    clusterDomain: input.dnsDomain,
    healthzBindAddress: '127.0.0.1',
    healthzPort: PORTS.kubeletHealth,
    logging: { flushFrequency: 0, options: { json: { infoBufferSize: '0' } }, verbosity: 0 },
    memorySwap: {},
    ...(input.resolvConf === undefined ? {} : { resolvConf: input.resolvConf }),
    staticPodPath: PATHS.manifestsDir,
    ...Object.fromEntries(ZERO_DURATIONS.map((name) => [name, '0s'])),
  };
  // Without rotation a node is lost after a year; kubeadm forces it, too.
  return printYaml({ ...mergeFields(defaults, input.overrides), rotateCertificates: true });
}

/**
 * kubeadm-flags.env: `KUBELET_KUBEADM_ARGS="…"`, flags sorted by name.
 * @throws KbsError CONFIG_INVALID for a value that systemd would not hand over as it is
 */
export function renderKubeletFlags(input: KubeletFlagsInput): string {
  const flags = flagList({
    'container-runtime': 'remote',
    'container-runtime-endpoint': input.criSocket,
    ...(input.hostnameOverride === undefined ? {} : { 'hostname-override': input.hostnameOverride }),
    'pod-infra-container-image': input.pauseImage,
    ...(input.taints === undefined || input.taints.length === 0 ? {} : { 'register-with-taints': taintList(input.taints) }),
    ...input.extraArgs,
  });
  for (const flag of flags) {
    // systemd splits the variable at white space and takes these characters for its own when it reads the file.
    if (/[\s"'`\\$]/.test(flag)) {
      throw new KbsError('CONFIG_INVALID', `the kubelet flag ${flag} holds white space, a quote, a backslash or a dollar sign`, {
        remedy: ['set it in spec.kubelet.config instead: most flags have a field there'],
      });
    }
  }
  return renderTemplate('kubeadm-flags.env', { flags });
}

function taintList(taints: NonNullable<KubeletFlagsInput['taints']>): string {
  return taints.map(({ key, value, effect }) => `${key}=${value ?? ''}:${effect}`).join(',');
}

/** Unit of the kubelet, like that of its packages. */
export function renderKubeletUnit(): string {
  return renderTemplate('kubelet.service', { binary: PATHS.kubeletBinary });
}

/** kubeadm's drop-in for the kubelet's unit: where flags and configuration come from. Source: packages of kubeadm v1.25. */
export function renderKubeletDropIn(): string {
  return renderTemplate('10-kubeadm.conf', {
    binary: PATHS.kubeletBinary,
    kubeconfig: PATHS.kubeletKubeconfig,
    bootstrapKubeconfig: PATHS.bootstrapKubeletKubeconfig,
    config: PATHS.kubeletConfig,
    flagsEnv: PATHS.kubeletFlagsEnv,
  });
}
