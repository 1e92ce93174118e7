import type { Phase } from '../../engine/index.js';
import { PATHS } from '../../constants/index.js';
import { unpackStep, uploadStep } from '../../steps/index.js';
import { isControlPlane, isNode, type RunContext } from '../context.js';

type Slice = Pick<RunContext, 'artifacts' | 'versions'>;

/** Where a file of the CNI plugins' archive goes. */
export function cniPluginTarget(name: string): string {
  return `${PATHS.cniBinDir}/${name.replace(/^\.\//, '')}`;
}

/** Where a file of crictl's archive goes. */
export function crictlTarget(name: string): string | undefined {
  return name.replace(/^\.\//, '') === 'crictl' ? PATHS.crictlBinary : undefined;
}

/** The programs of a node that do not belong to the container runtime. */
export const binariesPhase: Phase<Slice> = {
  name: 'binaries',
  title: 'Install Kubernetes programs',
  summary: 'puts kubelet, kubectl (control planes), crictl and the CNI plugins on every node',
  on: isNode,
  after: ['baseline'],
  steps: ({ artifacts, versions }, host) => {
    const arch = host.facts.architecture;
    const programs = isControlPlane(host)
      ? ([
          ['kubelet', PATHS.kubeletBinary],
          ['kubectl', PATHS.kubectlBinary],
        ] as const)
      : ([['kubelet', PATHS.kubeletBinary]] as const);
    return [
      unpackStep({
        id: 'binaries/cni-plugins',
        title: 'Install CNI plugins',
        archive: () => artifacts.file('cni-plugins', versions.cniPlugins, arch),
        entries: (file) => artifacts.entries(file),
        target: cniPluginTarget,
      }),
      unpackStep({
        id: 'binaries/crictl',
        title: 'Install crictl',
        archive: () => artifacts.file('crictl', versions.crictl, arch),
        entries: (file) => artifacts.entries(file),
        target: crictlTarget,
      }),
      uploadStep({
        id: 'binaries/kubernetes',
        title: isControlPlane(host) ? 'Install kubelet and kubectl' : 'Install kubelet',
        files: programs.map(([name, to]) => ({ source: () => artifacts.file(name, versions.kubernetes, arch), to, mode: 0o755 })),
      }),
    ];
  },
};
