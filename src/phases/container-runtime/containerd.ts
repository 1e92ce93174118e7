import { readFile } from 'node:fs/promises';
import { PATHS, runtimeClassesWith, UNITS, type RuntimeChoice, type RuntimeRequest } from '../../constants/index.js';
import { sh, type Host } from '../../host/index.js';
import {
  renderContainerdConfig,
  renderContainerdUnit,
  renderCrictlConfig,
  renderHostsToml,
  withContainerdCredentials,
} from '../../render/index.js';
import { unitStep, type FileSpec } from '../../steps/index.js';
import type { RunContext } from '../context.js';
import { noProxyStep, proxyFiles } from './proxy.js';
import { SANDBOX_TREES, sandboxArtifacts, sandboxFiles, sandboxLeftovers } from './sandboxes.js';
import { isAt } from './belongings.js';
import type { ContainerRuntime, RuntimeBelongings } from './types.js';
import { pullingUnitInputs } from './unit-input.js';

/** Where kubelet and crictl find containerd. */
const CONTAINERD_CRI_SOCKET = `unix://${PATHS.containerdSocket}`;

/** Where a file of containerd's archive goes. */
function containerdTarget(name: string): string | undefined {
  const plain = name.replace(/^\.\//, '');
  return plain.startsWith('bin/') ? `${PATHS.localBinDir}/${plain.slice('bin/'.length)}` : undefined;
}

/** Mirrors and CAs of registries, one folder each. Read with each pull. */
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

/** containerd answers over its socket, with the CRI plugin loaded. A broken CRI configuration does not stop the daemon, only the plugin. */
async function answersCri(host: Host): Promise<true | string> {
  const lines = await host.run(sh`ctr --connect-timeout 2s plugins ls 2>&1 || echo "exit $?"`, { timeoutMs: 10_000 });
  const cri = lines.split('\n').find((line) => /\bcri\b/.test(line) && line.includes('io.containerd.grpc.v1'));
  if (cri === undefined) return `its socket does not answer: ${lines.split('\n').at(-1) ?? ''}`;
  return /\bok\b/.test(cri) ? true : `its CRI plugin is not loaded: ${cri.trim()}`;
}

const PROGRAM = new RegExp(`^${PATHS.localBinDir}/(containerd|ctr$|runsc$)`);

/** Folders that containerd fills by itself. */
export const CONTAINERD_TREES: readonly string[] = [
  PATHS.containerdStateDir,
  '/run/containerd',
  PATHS.containerdConfigDir,
  '/opt/containerd',
];

const BELONGINGS: RuntimeBelongings = {
  units: [UNITS.containerd],
  trees: [...CONTAINERD_TREES, ...SANDBOX_TREES],
  owns: (path) =>
    PROGRAM.test(path) ||
    path === PATHS.runcBinary ||
    [PATHS.containerdUnit, `${PATHS.containerdUnit}.d`, PATHS.containerdConfigDir].some(isAt(path)),
  packages: ['containerd', 'runc'],
};

/** containerd with runc. */
export function containerdRuntime(
  { install }: Pick<RuntimeChoice, 'install'>,
  request: Pick<RuntimeRequest, 'runtimeClasses'>,
): ContainerRuntime {
  const runtimeClasses = runtimeClassesWith('containerd', request.runtimeClasses);
  const isPackaged = install === 'package';
  const binary = isPackaged ? '/usr/bin/containerd' : `${PATHS.localBinDir}/containerd`;
  const inputs = [binary, PATHS.containerdConfig, PATHS.containerdUnit];
  return {
    type: 'containerd',
    title: 'containerd',
    criSocket: CONTAINERD_CRI_SOCKET,
    unit: UNITS.containerd,
    evidenceUnits: [UNITS.containerd],
    welcomeUnits: isPackaged ? [UNITS.containerd] : [],
    stateDir: PATHS.containerdStateDir,
    conflicts: isPackaged ? ['containerd.io'] : [],
    leftovers: sandboxLeftovers(runtimeClasses),
    traces: undefined,
    belongings: BELONGINGS,
    isConfiguredFirst: false,
    packages: isPackaged
      ? { packages: ['containerd', 'runc'], withoutApt: 'set containerRuntime.install: artifact in the cluster file' }
      : undefined,
    artifacts: (versions) => [
      ...(isPackaged
        ? []
        : [
            { name: 'containerd', version: versions.containerd, target: containerdTarget } as const,
            { name: 'runc', version: versions.runc, target: PATHS.runcBinary } as const,
          ]),
      ...sandboxArtifacts(runtimeClasses, versions),
    ],
    async files({ spec, images, registryCredentials }, machine) {
      const credentials = await registryCredentials();
      const config = renderContainerdConfig({
        pauseImage: images.pause,
        cgroupDriver: spec.containerRuntime.cgroupDriver,
        restrictOomScoreAdj: !machine.hasCapSysResource,
        runtimeClasses,
      });
      return [
        {
          path: PATHS.containerdConfig,
          content: withContainerdCredentials(config, credentials),
          mode: credentials.length === 0 ? 0o644 : 0o600,
        },
        { path: PATHS.containerdUnit, content: renderContainerdUnit({ binary }), mode: 0o644 },
        { path: PATHS.crictlConfig, content: renderCrictlConfig({ criSocket: CONTAINERD_CRI_SOCKET }), mode: 0o644 },
        ...proxyFiles(spec, UNITS.containerd),
        ...sandboxFiles(runtimeClasses, spec),
        ...(await registryFiles(spec)),
      ];
    },
    registriesDir: PATHS.containerdRegistriesDir,
    kubeletFiles: () => [],
    inputs,
    unitSteps: (files) => [
      noProxyStep(files, UNITS.containerd),
      unitStep({
        id: 'runtime/service',
        title: 'Start containerd',
        unit: UNITS.containerd,
        enabled: true,
        running: true,
        inputs: pullingUnitInputs(files, UNITS.containerd, inputs),
        ready: answersCri,
      }),
    ],
    images: {
      list: sh`ctr -n k8s.io images ls -q`,
      import: (path) => sh`ctr -n k8s.io images import ${path}`,
      pull: (reference) => sh`crictl pull ${reference}`,
    },
    answersCri,
  };
}
