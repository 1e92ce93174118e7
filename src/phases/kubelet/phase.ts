import { PATHS, PORTS, UNITS } from '../../constants/index.js';
import type { AnyStep, Phase } from '../../engine/index.js';
import { httpStatus, type Host } from '../../host/index.js';
import { renderKubeletKubeconfig } from '../../kubeconfig/index.js';
import { renderKubeletDropIn, renderKubeletUnit } from '../../render/index.js';
import { filesStep, sha256Of, unitStep } from '../../steps/index.js';
import { endpointAccess } from '../access.js';
import { isControlPlane, type RunContext } from '../context.js';
import { kubeletConfigText, kubeletFlagsText } from './config.js';
import { kubeletIdentityStep } from './identity-step.js';

/** Everything the kubelet reads when it starts. */
export const kubeletPhase: Phase<Pick<RunContext, 'spec' | 'images' | 'pki' | 'now'>> = {
  name: 'kubelet',
  title: 'Configure the kubelet',
  summary: 'writes the kubelet’s unit, configuration, kubeconfig and client certificate on every host',
  on: 'all',
  after: ['prepare-host', 'certificates'],
  async steps({ spec, images, pki, now }, host) {
    const { ca } = await pki.shared();
    return [
      kubeletIdentityFolders(),
      kubeletIdentityStep({ nodeName: host.name, ca, now }),
      filesStep({
        id: 'kubelet/config',
        title: 'Configure the kubelet',
        files: [
          // Control planes have it from the shared authorities.
          ...(isControlPlane(host) ? [] : [{ path: PATHS.caCertificate, content: ca.certificate, mode: 0o644 }]),
          { path: PATHS.kubeletUnit, content: renderKubeletUnit(), mode: 0o644 },
          { path: PATHS.kubeletDropIn, content: renderKubeletDropIn(), mode: 0o644 },
          { path: PATHS.kubeletConfig, content: kubeletConfigText(spec, host), mode: 0o644 },
          { path: PATHS.kubeletFlagsEnv, content: kubeletFlagsText(spec, images.pause, host), mode: 0o644 },
          { path: PATHS.kubeletKubeconfig, content: renderKubeletKubeconfig(endpointAccess(spec, ca.certificate), host.name), mode: 0o600 },
        ],
      }),
    ];
  },
};

function kubeletIdentityFolders(): AnyStep {
  return filesStep({
    id: 'kubelet/folders',
    title: 'Make the kubelet’s folders',
    files: [],
    directories: [
      { path: PATHS.kubernetesDir, mode: 0o755, ownTree: true },
      { path: PATHS.manifestsDir, mode: 0o700, ownTree: true },
      { path: PATHS.kubeletDir, mode: 0o755, ownTree: true },
      { path: PATHS.kubeletPkiDir, mode: 0o755, ownTree: true },
    ],
  });
}

async function isHealthy(host: Host): Promise<boolean | string> {
  const answer = await httpStatus((address, port) => host.dial(address, port), {
    address: '127.0.0.1',
    port: PORTS.kubeletHealth,
    path: '/healthz',
  });
  if (answer.status === 200) return true;
  return answer.status === undefined ? `/healthz: ${answer.reason}` : `/healthz says ${answer.status}: ${answer.body.slice(0, 200)}`;
}

/** Starts the kubelet, and restarts it when its process is older than what it reads. */
export function kubeletServiceStep({ spec, images }: Pick<RunContext, 'spec' | 'images'>, host: Host): AnyStep {
  return unitStep({
    id: 'kubelet/service',
    title: 'Start the kubelet',
    unit: UNITS.kubelet,
    enabled: true,
    running: true,
    // Its client certificate is not among them: the kubelet renews that itself while it runs.
    inputs: [
      { path: PATHS.kubeletBinary },
      { path: PATHS.kubeletUnit, sha256: sha256Of(renderKubeletUnit()) },
      { path: PATHS.kubeletDropIn, sha256: sha256Of(renderKubeletDropIn()) },
      { path: PATHS.kubeletConfig, sha256: sha256Of(kubeletConfigText(spec, host)) },
      { path: PATHS.kubeletFlagsEnv, sha256: sha256Of(kubeletFlagsText(spec, images.pause, host)) },
      { path: PATHS.kubeletKubeconfig },
    ],
    ready: isHealthy,
  });
}
