import { PATHS, runtimeClassesWith, UNITS, type RuntimeChoice, type RuntimeRequest } from '../../constants/index.js';
import { script, sh, type Command, type Host } from '../../host/index.js';
import {
  renderContainersRegistries,
  renderCrictlConfig,
  renderCrioConfig,
  renderCrioUnit,
  renderRegistryAuth,
  renderSignaturePolicy,
} from '../../render/index.js';
import { unitStep, type FileSpec } from '../../steps/index.js';
import type { RuntimeTraces } from '../baseline/index.js';
import { crictlTarget } from '../binaries/index.js';
import { noProxyStep, proxyFiles } from './proxy.js';
import { registryCaFiles } from './registry-ca.js';
import { isAt } from './belongings.js';
import type { ContainerRuntime, RuntimeBelongings, RuntimeFilesContext } from './types.js';
import { SANDBOX_LINKS, SANDBOX_TREES, sandboxArtifacts, sandboxFiles, sandboxLeftovers } from './sandboxes.js';
import { pullingUnitInputs } from './unit-input.js';

/** Where kubelet and crictl find CRI-O. */
const CRIO_CRI_SOCKET = `unix://${PATHS.crioSocket}`;

/** Programs of the release archive that kbs installs; crictl and the CNI plugins it has from their own releases. */
const PROGRAMS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(['crio', 'crio-status', 'conmon', 'pinns'].map((name) => [`cri-o/bin/${name}`, `${PATHS.localBinDir}/${name}`])),
  'cri-o/bin/runc': PATHS.runcBinary,
};
const BINARY = `${PATHS.localBinDir}/crio`;

/** What CRI-O and the program that loads archives fill by themselves, and what that program's packages bring along. */
const TRACES: RuntimeTraces = {
  name: 'cri-o',
  units: [UNITS.crio],
  trees: [
    PATHS.containersStateDir,
    PATHS.containersRunDir,
    PATHS.crioRunDir,
    '/run/runc',
    '/var/lib/crio',
    '/var/log/crio',
    '/etc/crio',
    '/etc/containers',
    // Of hooks of OCI runtimes; CRI-O makes the folder.
    '/usr/share/containers',
  ],
  paths: ['/var/cache/ldconfig/aux-cache'],
  groups: [],
};

const BELONGINGS: RuntimeBelongings = {
  // A containerd of others is known by its unit.
  units: [UNITS.crio, UNITS.containerd],
  trees: [...TRACES.trees, ...SANDBOX_TREES],
  owns: (path) =>
    [...TRACES.paths, ...SANDBOX_LINKS].includes(path) ||
    Object.values(PROGRAMS).includes(path) ||
    [PATHS.crioUnit, `${PATHS.crioUnit}.d`, ...TRACES.trees].some(isAt(path)),
  packages: ['skopeo'],
};

/** CRI-O answers, and with the driver the kubelet has: with another one no pod would ever start. */
const ANSWER = `state=$(systemctl is-active ${UNITS.crio})
if [ "$state" != active ]; then echo "CRI-O is $state"; exit 0; fi
seen=$(timeout 8 "$STATUS" --socket "$SOCKET" info 2>&1) || { echo "CRI-O does not answer: $(printf %s "$seen" | head -n 1)"; exit 0; }
driver=$(printf '%s\\n' "$seen" | sed -n 's/^cgroup driver: //p')
if [ "$driver" != "$DRIVER" ]; then echo "CRI-O has cgroup driver $driver, the kubelet $DRIVER"; exit 0; fi
timeout 8 "$CRICTL" --runtime-endpoint "unix://$SOCKET" version >/dev/null 2>&1 || echo "crictl version gets no answer at $SOCKET"`;

async function answersCri(host: Host, cgroupDriver: string): Promise<true | string> {
  const variables = {
    SOCKET: PATHS.crioSocket,
    STATUS: `${PATHS.localBinDir}/crio-status`,
    CRICTL: PATHS.crictlBinary,
    DRIVER: cgroupDriver,
  };
  const seen = await host.run(script(ANSWER, variables), { timeoutMs: 20_000 });
  return seen === '' ? true : seen;
}

const IMAGES = `crictl images | awk 'NR > 1 && $2 != "<none>" { print $1 ":" $2 }'`;

/**
 * CRI-O itself only pulls. Its store is that of skopeo, which writes one image at a time; the store is named in full, whatever a
 * storage.conf of the host may say. An archive of Docker has a manifest.json, one of OCI an index.json.
 */
const IMPORT = `if tar -tf "$ARCHIVE" manifest.json >/dev/null 2>&1; then kind=docker-archive; else kind=oci-archive; fi
for reference in $REFERENCES; do
  skopeo --policy "$POLICY" copy --quiet "$kind:$ARCHIVE:$reference" "containers-storage:[$STORE]$reference" || exit 1
done`;

function importCommand(path: string, references: readonly string[]): Command {
  const store = `overlay@${PATHS.containersStateDir}/storage+${PATHS.containersRunDir}/storage`;
  return script(IMPORT, { ARCHIVE: path, REFERENCES: references.join(' '), POLICY: PATHS.crioPolicy, STORE: store });
}

async function crioFiles({ spec, images, registryCredentials }: RuntimeFilesContext, cgroupDriver: RuntimeChoice['cgroupDriver']) {
  const runtimeClasses = runtimeClassesWith('cri-o', spec.runtimeClasses);
  const { registries } = spec.containerRuntime;
  const credentials = await registryCredentials();
  const config = renderCrioConfig({
    cgroupDriver,
    pauseImage: images.pause,
    runc: PATHS.runcBinary,
    conmon: `${PATHS.localBinDir}/conmon`,
    pinns: `${PATHS.localBinDir}/pinns`,
    hasCredentials: credentials.length > 0,
    runtimeClasses,
  });
  const files: readonly FileSpec[] = [
    { path: PATHS.crioConfig, content: config, mode: 0o644 },
    { path: PATHS.crioPolicy, content: renderSignaturePolicy(), mode: 0o644 },
    { path: PATHS.containersRegistries, content: renderContainersRegistries(registries), mode: 0o644 },
    { path: PATHS.crioUnit, content: renderCrioUnit({ binary: BINARY }), mode: 0o644 },
    { path: PATHS.crictlConfig, content: renderCrictlConfig({ criSocket: CRIO_CRI_SOCKET }), mode: 0o644 },
    ...sandboxFiles(runtimeClasses, spec),
    ...(credentials.length === 0 ? [] : [{ path: PATHS.crioRegistryAuth, content: renderRegistryAuth(credentials), mode: 0o600 }]),
    ...proxyFiles(spec, UNITS.crio),
    ...(await registryCaFiles(spec, PATHS.containersRegistriesDir)),
  ];
  return files;
}

/** CRI-O with runc, from its official archive. */
export function crioRuntime(
  { cgroupDriver }: Pick<RuntimeChoice, 'cgroupDriver'>,
  { artifacts, ...request }: Pick<RuntimeRequest, 'artifacts' | 'runtimeClasses'>,
): ContainerRuntime {
  const runtimeClasses = runtimeClassesWith('cri-o', request.runtimeClasses);
  const inputs = [BINARY, PATHS.crioConfig, PATHS.crioPolicy, PATHS.containersRegistries, PATHS.crioUnit];
  return {
    type: 'cri-o',
    title: 'CRI-O',
    criSocket: CRIO_CRI_SOCKET,
    unit: UNITS.crio,
    evidenceUnits: [UNITS.crio],
    welcomeUnits: [],
    stateDir: PATHS.containersStateDir,
    conflicts: [],
    leftovers: ['/etc/crio/crio.conf', '/etc/crio/crio.conf.d/*', ...sandboxLeftovers(runtimeClasses)],
    traces: TRACES,
    belongings: BELONGINGS,
    isConfiguredFirst: false,
    packages:
      artifacts === undefined || artifacts.source === 'upstream'
        ? undefined
        : {
            packages: ['skopeo'],
            sparedBy: 'skopeo',
            withoutApt: 'install skopeo, which loads image archives for CRI-O, and run the same command again',
          },
    artifacts: (versions) => [
      { name: 'cri-o', version: versions.crio, target: (name) => PROGRAMS[name.replace(/^\.\//, '')] },
      // Brought to every node by another phase, which may end later; what is loaded here is listed with it.
      { name: 'crictl', version: versions.crictl, target: crictlTarget },
      ...sandboxArtifacts(runtimeClasses, versions),
    ],
    files: (context) => crioFiles(context, cgroupDriver),
    registriesDir: PATHS.containersRegistriesDir,
    kubeletFiles: () => [],
    inputs,
    unitSteps: (files) => [
      noProxyStep(files, UNITS.crio),
      unitStep({
        id: 'runtime/service',
        title: 'Start CRI-O',
        unit: UNITS.crio,
        enabled: true,
        running: true,
        inputs: pullingUnitInputs(files, UNITS.crio, inputs),
        ready: (host) => answersCri(host, cgroupDriver),
      }),
    ],
    images: {
      list: script(IMAGES),
      import: importCommand,
      pull: (reference) => sh`crictl pull ${reference}`,
    },
    answersCri: (host) => answersCri(host, cgroupDriver),
  };
}
