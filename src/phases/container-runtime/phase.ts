import { readFile } from 'node:fs/promises';
import { PATHS, UNITS } from '../../constants/index.js';
import type { AnyStep, Phase } from '../../engine/index.js';
import { sh, type Host } from '../../host/index.js';
import { renderContainerdConfig, renderContainerdUnit, renderCrictlConfig, renderHostsToml } from '../../render/index.js';
import { filesStep, packageStep, sha256Of, unitStep, unpackStep, uploadStep, type FileSpec, type UnitInput } from '../../steps/index.js';
import { isNode, type RunContext } from '../context.js';
import { flannelCniConfig } from '../pod-network/index.js';

type Slice = Pick<RunContext, 'spec' | 'artifacts' | 'versions' | 'images'>;

/** Where the kubelet and crictl find the runtime. */
export const CRI_SOCKET = `unix://${PATHS.containerdSocket}`;

/** File with flannel's CNI configuration; the flannel DaemonSet writes the same name and content. */
export const FLANNEL_CNI_FILE = `${PATHS.cniConfigDir}/10-flannel.conflist`;

/** The containerd program, by where it came from. */
function containerdBinary(spec: RunContext['spec']): string {
  return spec.containerRuntime.install === 'artifact' ? `${PATHS.localBinDir}/containerd` : '/usr/bin/containerd';
}

/** Where a file of containerd's archive goes. */
export function containerdTarget(name: string): string | undefined {
  const plain = name.replace(/^\.\//, '');
  return plain.startsWith('bin/') ? `${PATHS.localBinDir}/${plain.slice('bin/'.length)}` : undefined;
}

function programSteps({ spec, artifacts, versions }: Slice, host: Host): readonly AnyStep[] {
  if (spec.containerRuntime.install === 'package') {
    return [
      packageStep({
        id: 'runtime/packages',
        title: 'Install containerd and runc',
        packages: ['containerd', 'runc'],
        withoutApt: 'set containerRuntime.install: artifact in the cluster file',
      }),
    ];
  }
  const arch = host.facts.architecture;
  return [
    unpackStep({
      id: 'runtime/containerd',
      title: 'Install containerd',
      archive: () => artifacts.file('containerd', versions.containerd, arch),
      entries: (file) => artifacts.entries(file),
      target: containerdTarget,
    }),
    uploadStep({
      id: 'runtime/runc',
      title: 'Install runc',
      files: [{ source: () => artifacts.file('runc', versions.runc, arch), to: PATHS.runcBinary, mode: 0o755 }],
    }),
  ];
}

/** Mirrors and CAs of registries, one folder each. */
async function registryFiles(spec: RunContext['spec']): Promise<readonly FileSpec[]> {
  const files = spec.containerRuntime.registries.map(async ({ host, mirrors, insecureSkipVerify, caFile }): Promise<FileSpec[]> => {
    const caPath = caFile === undefined ? undefined : `${PATHS.containerdRegistriesDir}/${host}/ca.crt`;
    const { path, text } = renderHostsToml({ host, mirrors, insecureSkipVerify, ...(caPath === undefined ? {} : { caPath }) });
    const toml = { path: `${PATHS.containerdRegistriesDir}/${path}`, content: text, mode: 0o644 };
    if (caFile === undefined || caPath === undefined) return [toml];
    return [toml, { path: caPath, content: await readFile(caFile, 'utf8'), mode: 0o644 }];
  });
  return (await Promise.all(files)).flat();
}

/**
 * The network's CNI configuration is there before the kubelet starts: a node is Ready with its first status, and not ten seconds later
 * with the next one.
 */
function cniFiles(spec: RunContext['spec']): readonly FileSpec[] {
  if (spec.network.cni.type !== 'flannel') return [];
  return [{ path: FLANNEL_CNI_FILE, content: flannelCniConfig(), mode: 0o644 }];
}

/** containerd answers over its socket, with the CRI plugin loaded. A broken CRI configuration does not stop the daemon, only the plugin. */
async function answersCri(host: Host): Promise<boolean | string> {
  const lines = await host.run(sh`ctr --connect-timeout 2s plugins ls 2>&1 || echo "exit $?"`, { timeoutMs: 10_000 });
  const cri = lines.split('\n').find((line) => /\bcri\b/.test(line) && line.includes('io.containerd.grpc.v1'));
  if (cri === undefined) return `its socket does not answer: ${lines.split('\n').at(-1) ?? ''}`;
  return /\bok\b/.test(cri) ? true : `its CRI plugin is not loaded: ${cri.trim()}`;
}

/** Everything containerd, crictl and the pod network's plugins read. */
export async function containerRuntimeFiles(
  { spec, images }: Pick<RunContext, 'spec' | 'images'>,
  machine: Pick<Host['facts'], 'hasCapSysResource'>,
): Promise<readonly FileSpec[]> {
  const config = renderContainerdConfig({
    pauseImage: images.pause,
    cgroupDriver: spec.containerRuntime.cgroupDriver,
    restrictOomScoreAdj: !machine.hasCapSysResource,
  });
  return [
    { path: PATHS.containerdConfig, content: config, mode: 0o644 },
    { path: PATHS.containerdUnit, content: renderContainerdUnit({ binary: containerdBinary(spec) }), mode: 0o644 },
    { path: PATHS.crictlConfig, content: renderCrictlConfig({ criSocket: CRI_SOCKET }), mode: 0o644 },
    ...(await registryFiles(spec)),
    ...cniFiles(spec),
  ];
}

/** A file of a list that the service reads, as an input of its unit. */
function serviceInput(files: readonly FileSpec[], path: string): UnitInput {
  const file = files.find((candidate) => candidate.path === path);
  return file === undefined ? { path } : { path, sha256: sha256Of(file.content) };
}

/** containerd and runc, configured for Kubernetes, running. */
export const containerRuntimePhase: Phase<Slice> = {
  name: 'container-runtime',
  title: 'Set up the container runtime',
  summary: 'installs containerd and runc, sets pause image, cgroup driver, registries and CNI, and starts containerd',
  on: isNode,
  after: ['prepare-host'],
  async steps(context, host) {
    const files = await containerRuntimeFiles(context, host.facts);
    return [
      ...programSteps(context, host),
      filesStep({
        id: 'runtime/config',
        title: 'Configure containerd',
        files,
      }),
      unitStep({
        id: 'runtime/service',
        title: 'Start containerd',
        unit: UNITS.containerd,
        enabled: true,
        running: true,
        inputs: [
          { path: containerdBinary(context.spec) },
          serviceInput(files, PATHS.containerdConfig),
          serviceInput(files, PATHS.containerdUnit),
        ],
        ready: answersCri,
      }),
    ];
  },
};
