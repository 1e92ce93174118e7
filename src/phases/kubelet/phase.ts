import { PATHS, PORTS, UNITS } from '../../constants/index.js';
import type { AnyStep, Phase } from '../../engine/index.js';
import { httpStatus, type Host } from '../../host/index.js';
import { renderKubeletKubeconfig } from '../../kubeconfig/index.js';
import { renderKubeletDropIn, renderKubeletUnit } from '../../render/index.js';
import { filesStep, sha256Of, unitStep, type DirectorySpec, type FileSpec } from '../../steps/index.js';
import { isControlPlane, isNode, type NodeEntry, type RunContext } from '../context.js';
import { runtimeOf } from '../container-runtime/index.js';
import { kubeletBootstrapStep } from './bootstrap-step.js';
import { kubeletFlagsText } from './config.js';
import { kubeletIdentityStep } from './identity-step.js';

/** Everything the kubelet reads when it starts. */
export const kubeletPhase: Phase<Pick<RunContext, 'spec' | 'images' | 'node' | 'now'>> = {
  name: 'kubelet',
  title: 'Configure the kubelet',
  summary: 'writes the kubelet’s unit, configuration, kubeconfig and client certificate on every host',
  on: isNode,
  after: ['prepare-host', 'certificates'],
  async steps({ spec, images, node, now }, host) {
    const entry = await node.entry();
    const { access, identity } = entry;
    return [
      kubeletIdentityFolders(),
      identity.kind === 'signed'
        ? kubeletIdentityStep({ nodeName: host.name, ca: identity.ca, now })
        : kubeletBootstrapStep({ nodeName: host.name, access, token: identity.token, now }),
      filesStep({
        id: 'kubelet/config',
        title: 'Configure the kubelet',
        files: [
          ...kubeletFiles({
            // Control planes have it from the shared authorities.
            caCertificate: isControlPlane(host) ? undefined : access.caCertificate,
            config: node.kubeletConfig(host),
            flags: kubeletFlagsText(spec, images.pause, host),
          }),
          ...kubeconfigFiles(entry, host),
        ],
      }),
    ];
  },
};

/** What the kubelet reads besides its kubeconfig. */
export function kubeletFiles(input: {
  /** PEM; undefined: it is there already. */
  readonly caCertificate: string | undefined;
  readonly config: string;
  readonly flags: string;
}): readonly FileSpec[] {
  const { caCertificate } = input;
  return [
    ...(caCertificate === undefined ? [] : [{ path: PATHS.caCertificate, content: caCertificate, mode: 0o644 }]),
    { path: PATHS.kubeletUnit, content: renderKubeletUnit(), mode: 0o644 },
    { path: PATHS.kubeletDropIn, content: renderKubeletDropIn(), mode: 0o644 },
    { path: PATHS.kubeletConfig, content: input.config, mode: 0o644 },
    { path: PATHS.kubeletFlagsEnv, content: input.flags, mode: 0o644 },
  ];
}

/** Folders of the kubelet, besides those around its files. */
export const KUBELET_FOLDERS: readonly DirectorySpec[] = [
  { path: PATHS.kubernetesDir, mode: 0o755, ownTree: true },
  { path: PATHS.manifestsDir, mode: 0o700, ownTree: true },
  { path: PATHS.kubeletDir, mode: 0o755, ownTree: true },
  { path: PATHS.kubeletPkiDir, mode: 0o755, ownTree: true },
];

/** With a bootstrap token the kubelet writes its kubeconfig itself. */
function kubeconfigFiles({ access, identity }: NodeEntry, host: Host): readonly FileSpec[] {
  if (identity.kind === 'bootstrap-token') return [];
  return [{ path: PATHS.kubeletKubeconfig, content: renderKubeletKubeconfig(access, host.name), mode: 0o600 }];
}

function kubeletIdentityFolders(): AnyStep {
  return filesStep({ id: 'kubelet/folders', title: 'Make the kubelet’s folders', files: [], directories: KUBELET_FOLDERS });
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
export async function kubeletServiceStep(
  { spec, images, node, registryCredentials }: Pick<RunContext, 'spec' | 'images' | 'node' | 'registryCredentials'>,
  host: Host,
): Promise<AnyStep> {
  const entry = await node.entry();
  const forRuntime = runtimeOf(spec, host).kubeletFiles(await registryCredentials());
  const [kubeconfig] = kubeconfigFiles(entry, host);
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
      { path: PATHS.kubeletConfig, sha256: sha256Of(node.kubeletConfig(host)) },
      { path: PATHS.kubeletFlagsEnv, sha256: sha256Of(kubeletFlagsText(spec, images.pause, host)) },
      ...forRuntime.map(({ path, content }) => ({ path, sha256: sha256Of(content) })),
      // The one that kbs writes: with a bootstrap token the kubelet makes its own kubeconfig after it has started.
      kubeconfig === undefined
        ? { path: PATHS.bootstrapKubeletKubeconfig }
        : { path: kubeconfig.path, sha256: sha256Of(kubeconfig.content) },
    ],
    ready: isHealthy,
  });
}
