import { PATHS, UNITS, type RuntimeChoice } from '../../constants/index.js';
import { sh, script, type Host } from '../../host/index.js';
import {
  renderCriDockerSocket,
  renderCriDockerUnit,
  renderCrictlConfig,
  renderDockerConfig,
  renderRegistryAuth,
} from '../../render/index.js';
import { unitStep } from '../../steps/index.js';
import type { RuntimeTraces } from '../baseline/index.js';
import { noProxyStep, proxyFiles } from './proxy.js';
import { registryCaFiles } from './registry-ca.js';
import { isAt } from './belongings.js';
import { CONTAINERD_TREES } from './containerd.js';
import type { ContainerRuntime, RuntimeBelongings } from './types.js';
import { pullingUnitInputs, unitInput } from './unit-input.js';

/** Where kubelet and crictl find cri-dockerd. */
const DOCKER_CRI_SOCKET = `unix://${PATHS.criDockerdSocket}`;

/** Sockets and process files, and what the package leaves in the system's files when it makes its group. Seen with Debian's docker.io. */
const TRACES: RuntimeTraces = {
  name: 'docker',
  units: [UNITS.docker, UNITS.dockerSocket, UNITS.criDocker, UNITS.criDockerSocket],
  trees: [PATHS.dockerStateDir, '/run/docker', PATHS.criDockerdStateDir],
  paths: [
    ...['docker.sock', 'docker.pid', 'cri-dockerd.sock', 'adduser'].map((name) => `/run/${name}`),
    ...['passwd', 'group', 'shadow', 'gshadow'].map((name) => `/etc/${name}-`),
    '/var/cache/ldconfig/aux-cache',
    // The folder first: reset goes backwards.
    '/etc/docker',
    '/etc/docker/key.json',
  ],
  groups: ['docker'],
};

const BELONGINGS: RuntimeBelongings = {
  // Docker Engine works on the distribution's containerd.
  units: [...TRACES.units, UNITS.containerd],
  trees: [...TRACES.trees, ...CONTAINERD_TREES],
  owns: (path) =>
    TRACES.paths.includes(path) ||
    ['/etc/docker', PATHS.criDockerUnit, PATHS.criDockerSocketUnit, PATHS.criDockerdBinary, `${PATHS.systemdDir}/${UNITS.docker}.d`].some(
      isAt(path),
    ),
  packages: ['docker.io'],
};

/** References as Kubernetes has them: Docker leaves out what stands for its own registry. */
const IMAGES = `docker images --format '{{.Repository}}:{{.Tag}}' | awk -F / '
  NF == 1 { print "docker.io/library/" $0; next }
  $1 !~ /[.:]/ && $1 != "localhost" { print "docker.io/" $0; next }
  { print }'`;

/** Where the one program in cri-dockerd's archive goes. */
function criDockerdTarget(name: string): string | undefined {
  return name.replace(/^\.\//, '') === 'cri-dockerd/cri-dockerd' ? PATHS.criDockerdBinary : undefined;
}

/** Docker Engine answers, and with the driver the kubelet has: with another one no pod would ever start. */
async function answersDocker(host: Host, cgroupDriver: string): Promise<true | string> {
  const seen = await host.run(sh`timeout 8 docker info --format ${'{{.CgroupDriver}} {{.Driver}}'} 2>&1 || echo "exit $?"`, {
    timeoutMs: 15_000,
  });
  const [driver, storage] = (seen.split('\n').at(-1) ?? '').split(' ');
  if (driver === 'exit' || storage === undefined) return `Docker Engine does not answer: ${seen.split('\n')[0] ?? ''}`;
  return driver === cgroupDriver ? true : `Docker Engine has cgroup driver ${driver}, the kubelet ${cgroupDriver}`;
}

/** The socket file proves nothing: systemd holds it also for a cri-dockerd that cannot start. */
async function answersCri(host: Host): Promise<true | string> {
  const text = `state=$(systemctl is-active ${UNITS.criDocker})
if [ "$state" != active ]; then echo "cri-dockerd is $state"; exit 0; fi
[ -x "$CRICTL" ] || exit 0
timeout 8 "$CRICTL" --runtime-endpoint "$SOCKET" version >/dev/null 2>&1 || echo "crictl version gets no answer at $SOCKET"`;
  const seen = await host.run(script(text, { CRICTL: PATHS.crictlBinary, SOCKET: DOCKER_CRI_SOCKET }), { timeoutMs: 15_000 });
  return seen === '' ? true : seen;
}

/** Docker Engine of the distribution, with cri-dockerd between it and the kubelet. */
export function dockerRuntime({ cgroupDriver }: Pick<RuntimeChoice, 'cgroupDriver'>): ContainerRuntime {
  return {
    type: 'docker',
    title: 'Docker Engine',
    criSocket: DOCKER_CRI_SOCKET,
    unit: UNITS.criDocker,
    evidenceUnits: [UNITS.criDocker, UNITS.docker],
    // Docker Engine works on the distribution's containerd.
    welcomeUnits: [UNITS.docker, UNITS.containerd],
    stateDir: PATHS.dockerStateDir,
    conflicts: ['docker-ce', 'docker-ce-cli', 'containerd.io', 'moby-engine', 'podman-docker'],
    leftovers: [],
    traces: TRACES,
    belongings: BELONGINGS,
    isConfiguredFirst: true,
    packages: { packages: ['docker.io'], withoutApt: 'set containerRuntime.type: containerd in the cluster file' },
    artifacts: (versions) => [{ name: 'cri-dockerd', version: versions.criDockerd, target: criDockerdTarget }],
    async files({ spec, images }) {
      const { registries } = spec.containerRuntime;
      const unit = renderCriDockerUnit({ binary: PATHS.criDockerdBinary, pauseImage: images.pause });
      return [
        { path: PATHS.dockerConfig, content: renderDockerConfig({ cgroupDriver, registries }), mode: 0o644 },
        { path: PATHS.criDockerUnit, content: unit, mode: 0o644 },
        { path: PATHS.criDockerSocketUnit, content: renderCriDockerSocket(), mode: 0o644 },
        { path: PATHS.crictlConfig, content: renderCrictlConfig({ criSocket: DOCKER_CRI_SOCKET }), mode: 0o644 },
        ...proxyFiles(spec, UNITS.docker),
        ...(await registryCaFiles(spec, PATHS.dockerRegistriesDir)),
      ];
    },
    registriesDir: PATHS.dockerRegistriesDir,
    // Docker Engine keeps none: whoever asks it to pull brings them. The kubelet does so for every pod, from a file of its own.
    kubeletFiles: (credentials) =>
      credentials.length === 0 ? [] : [{ path: PATHS.kubeletRegistryAuth, content: renderRegistryAuth(credentials), mode: 0o600 }],
    inputs: [PATHS.criDockerdBinary, PATHS.criDockerUnit],
    unitSteps: (files) => [
      noProxyStep(files, UNITS.docker),
      unitStep({
        id: 'runtime/docker-service',
        title: 'Start Docker Engine',
        unit: UNITS.docker,
        enabled: true,
        running: true,
        comesRunning: true,
        inputs: pullingUnitInputs(files, UNITS.docker, [PATHS.dockerBinary, PATHS.dockerConfig]),
        ready: (host) => answersDocker(host, cgroupDriver),
      }),
      unitStep({
        id: 'runtime/socket',
        title: 'Open the socket of cri-dockerd',
        unit: UNITS.criDockerSocket,
        enabled: true,
        running: true,
        inputs: [],
      }),
      unitStep({
        id: 'runtime/service',
        title: 'Start cri-dockerd',
        unit: UNITS.criDocker,
        enabled: true,
        running: true,
        inputs: [PATHS.criDockerdBinary, PATHS.criDockerUnit].map((path) => unitInput(files, path)),
        ready: answersCri,
      }),
    ],
    images: {
      list: script(IMAGES),
      import: (path) => sh`docker load -q -i ${path}`,
      // By Docker's own client: it finds the kubelet's credentials, and they stay out of the command line.
      pull: (reference) => sh`docker --config ${PATHS.kubeletDir} pull -q ${reference}`,
    },
    answersCri,
  };
}
