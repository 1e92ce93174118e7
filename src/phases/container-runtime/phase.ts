import type { AnyStep, Phase } from '../../engine/index.js';
import type { Host } from '../../host/index.js';
import { filesStep, packageStep, unpackStep, unpackTreeStep, uploadStep, type FileSpec } from '../../steps/index.js';
import { runtimeRecordStep } from '../baseline/index.js';
import { isNode, type RunContext } from '../context.js';
import { FLANNEL_CNI_FILE, flannelCniConfig } from '../pod-network/index.js';
import { formerRegistriesStep } from './former-registries.js';
import { runtimeOf } from './runtimes.js';
import type { ContainerRuntime, RuntimeArtifact, RuntimeFilesContext, RuntimeMachine } from './types.js';

type Slice = Pick<RunContext, 'spec' | 'artifacts' | 'versions' | 'images' | 'registryCredentials'>;

function artifactStep({ artifacts }: Pick<Slice, 'artifacts'>, host: Host, { name, version, target }: RuntimeArtifact): AnyStep {
  const source = () => artifacts.file(name, version, host.facts.architecture);
  const about = { id: `runtime/${name}`, title: `Install ${name}` };
  if (typeof target === 'string') return uploadStep({ ...about, files: [{ source, to: target, mode: 0o755 }] });
  if (typeof target === 'object') return unpackTreeStep({ ...about, archive: source, tree: target });
  return unpackStep({ ...about, archive: source, entries: (file) => artifacts.entries(file), target });
}

function programSteps(context: Slice, host: Host, { packages, artifacts }: ContainerRuntime): readonly AnyStep[] {
  const fromPackages =
    packages === undefined
      ? []
      : [packageStep({ id: 'runtime/packages', title: `Install ${packages.packages.join(' and ')}`, ...packages })];
  return [...fromPackages, ...artifacts(context.versions).map((artifact) => artifactStep(context, host, artifact))];
}

/**
 * The network's CNI configuration is there before the kubelet starts: a node is Ready with its first status, and not ten seconds later
 * with the next one.
 */
function cniFiles(spec: RunContext['spec']): readonly FileSpec[] {
  if (spec.network.cni.type !== 'flannel') return [];
  return [{ path: FLANNEL_CNI_FILE, content: flannelCniConfig(spec.network.cni.mtu), mode: 0o644 }];
}

/** Everything the runtime, crictl and the pod network's plugins read, and what the kubelet reads for the runtime. */
export async function containerRuntimeFiles(
  context: RuntimeFilesContext,
  runtime: ContainerRuntime,
  machine: RuntimeMachine,
): Promise<readonly FileSpec[]> {
  const ofKubelet = runtime.kubeletFiles(await context.registryCredentials());
  return [...(await runtime.files(context, machine)), ...ofKubelet, ...cniFiles(context.spec)];
}

/** The host's container runtime, configured for Kubernetes, running. */
export const containerRuntimePhase: Phase<Slice> = {
  name: 'container-runtime',
  title: 'Set up the container runtime',
  summary: 'installs the container runtime, sets pause image, cgroup driver, registries and CNI, and starts it',
  on: isNode,
  after: ['prepare-host'],
  async steps(context, host) {
    const runtime = runtimeOf(context.spec, host);
    const files = await containerRuntimeFiles(context, runtime, host.facts);
    const programs = programSteps(context, host, runtime);
    const configuration = [filesStep({ id: 'runtime/config', title: `Configure ${runtime.title}`, files })];
    return [
      ...(runtime.traces === undefined ? [] : [runtimeRecordStep(runtime.traces)]),
      ...(runtime.isConfiguredFirst ? [...configuration, ...programs] : [...programs, ...configuration]),
      formerRegistriesStep(runtime, files),
      ...runtime.unitSteps(files),
    ];
  },
};
