import { endpointProvider, type ClusterSpec } from '../../config/index.js';
import { NODE_KEYS, PATHS } from '../../constants/index.js';
import { KbsError } from '../../errors/index.js';
import { JOURNAL_DIRECTORY, RECORD_SCRIPT } from '../../host/index.js';
import { renderBootstrapKubeconfig } from '../../kubeconfig/index.js';
import { caCertHash, publicKeyPlace, type BootstrapToken } from '../../pki/index.js';
import { renderJoinScript } from '../../render/index.js';
import { Secret } from '../../secret/index.js';
import { fstabSwapExpression, kernelAbilityCommand, renderSysctls, WRITTEN_BY_KBS, type FileSpec } from '../../steps/index.js';
import { CLUSTER_NAME, nodeAccess } from '../access.js';
import { baselineCommand, BASELINE_NOTES } from '../baseline/index.js';
import { containerRuntimeFiles, runtimeOf } from '../container-runtime/index.js';
import { localLbFiles } from '../endpoint/index.js';
import {
  kubeletConfigText,
  kubeletFiles,
  KUBELET_FOLDERS,
  machineFlagsText,
  workerRegistration,
  type KubeletMachine,
} from '../kubelet/index.js';
import { REQUIRED_COMMANDS } from '../preflight/index.js';
import { hostLines, HOSTS_FILE_MARK, kernelModulesFor, NODE_SYSCTLS } from '../prepare/index.js';
import { BASELINE_TO_JOURNAL } from './baseline-awk.js';
import { imageCalls, programCalls, type PartsInput } from './parts.js';
import { folderCalls, putCalls } from './shell.js';

/** What a script that makes a machine a worker is made from. */
export interface JoinScriptInput extends PartsInput {
  /** `https://host:port` and CA as the cluster's own cluster-info has them. */
  readonly server: string;
  readonly caCertificate: string;
  readonly token: BootstrapToken;
  /** ISO 8601; undefined: the token never expires. */
  readonly expires: string | undefined;
  /** Of kbs. */
  readonly version: string;
}

/** Programs the script itself calls, besides what every node needs. */
const SCRIPT_COMMANDS = ['awk', 'base64', 'find', 'getent', 'mktemp', 'sed', 'stat', 'sync'] as const;

/** Stand in texts for what is known on the machine only. */
const HERE = { name: '@NODE_NAME@', address: '@NODE_IP@' } as const;

function machine(facts: Partial<KubeletMachine['facts']> = {}): KubeletMachine {
  return { ...HERE, facts: { hostname: HERE.name, usesSystemdResolved: false, ...facts } };
}

/** Of every file two texts, where a fact of the machine decides between them. */
function variantCalls(files: readonly FileSpec[], variants: readonly FileSpec[], whenOf: (path: string) => string): string {
  return files.map((file) => putCalls(file, { when: whenOf(file.path), file: variants.find(({ path }) => path === file.path) })).join('\n');
}

async function runtimeCalls(input: JoinScriptInput): Promise<string> {
  const [without, having] = await Promise.all(
    [false, true].map((hasCapSysResource) => containerRuntimeFiles(input, runtimeOf(input.spec), { hasCapSysResource })),
  );
  return variantCalls(without ?? [], having ?? [], () => 'has_cap_sys_resource');
}

/** Where every node has a load balancer of its own, the kubelet runs it before it has found the API. */
function endpointCalls(input: JoinScriptInput): readonly string[] {
  if (endpointProvider(input.spec) !== 'local-lb') return [];
  const { config, manifest } = localLbFiles(input);
  return [putCalls(config), putCalls(manifest)];
}

function kubeletCalls(input: JoinScriptInput): string {
  const { spec, images } = input;
  const filesFor = (subject: KubeletMachine): readonly FileSpec[] =>
    kubeletFiles({
      caCertificate: undefined,
      config: kubeletConfigText(spec, subject),
      flags: machineFlagsText(spec, images.pause, subject, workerRegistration(spec)),
    });
  const elsewhere = filesFor(machine({ hostname: '', usesSystemdResolved: true }));
  const whenOf = (path: string): string => (path === PATHS.kubeletFlagsEnv ? 'is_named_otherwise' : 'uses_resolved');
  return [...endpointCalls(input), variantCalls(filesFor(machine()), elsewhere, whenOf)].join('\n');
}

/** Kernel settings, swap and names as the cluster file wants them. */
function preparationCalls(spec: ClusterSpec): string {
  const values = Object.entries(NODE_SYSCTLS).map(([key, value]) => `sysctl_value ${key} ${value}`);
  const swap = `tail -n +2 /proc/swaps | while read -r device rest; do
  note "{\\"kind\\":\\"swap\\",\\"device\\":\\"$device\\"}"
  swapoff -- "$device"
done
if [ -f ${PATHS.fstab} ]; then sed -E '${fstabSwapExpression()}' ${PATHS.fstab} | put ${PATHS.fstab} "$(stat -c %a ${PATHS.fstab})"; fi`;
  const lines = hostLines(spec).map((line) => `${line}\n`);
  const hosts = `if ! grep -qxF '# BEGIN ${HOSTS_FILE_MARK}' ${PATHS.hostsFile}; then
{ cat ${PATHS.hostsFile}; cat <<'KBS_EOF'
# BEGIN ${HOSTS_FILE_MARK}
${lines.join('')}# END ${HOSTS_FILE_MARK}
KBS_EOF
} | put ${PATHS.hostsFile} 644
fi`;
  return [
    ...values,
    putCalls({ path: PATHS.sysctlFile, content: renderSysctls(NODE_SYSCTLS), mode: 0o644 }),
    ...(spec.preparation.swap === 'off' ? [swap] : []),
    ...(spec.preparation.hostsFile ? [hosts] : []),
  ].join('\n');
}

/** What is of the cluster alone. */
function clusterFields({ spec, server, caCertificate, token, expires, version, architecture }: JoinScriptInput) {
  // The cluster's own word, but for nodes that reach the API through themselves.
  const access =
    endpointProvider(spec) === 'local-lb' ? nodeAccess(spec, caCertificate) : { clusterName: CLUSTER_NAME, server, caCertificate };
  const place = publicKeyPlace(caCertificate);
  const caData = Buffer.from(caCertificate, 'utf8').toString('base64');
  return {
    cluster: spec.name,
    server,
    version,
    until: expires === undefined ? ', for ever' : ` until ${expires}`,
    endpointHost: new URL(server).hostname,
    architecture,
    caHash: caCertHash(caCertificate),
    caData,
    keyStart: place.start,
    keyBytes: place.bytes,
    tokenId: token.id,
    token: token.token.reveal(),
    // The CA is long, and user-data short of room: it is in the script once.
    bootstrapKubeconfig: renderBootstrapKubeconfig(access, token.token).reveal().replace(caData, '@CA_DATA@'),
  };
}

/**
 * A shell script with which a bare machine becomes a worker by itself, with the same files the phases of kbs write. The token is in it.
 * @throws KbsError ARTIFACT_MISSING, BUNDLE_DIGEST and the like; USAGE for a bundle nobody serves
 */
export async function joinScript(input: JoinScriptInput): Promise<Secret> {
  const { spec } = input;
  const modules = kernelModulesFor(spec);
  const runtime = runtimeOf(spec);
  if (runtime.type !== 'containerd') {
    throw new KbsError('USAGE', `a join script sets up containerd only; spec.containerRuntime.type is ${runtime.type}`, {
      remedy: ['kbs join -f CLUSTER_FILE --host NAME   # over SSH', 'kbs join ENDPOINT --token …   # on the machine itself'],
    });
  }
  return new Secret(
    renderJoinScript({
      ...clusterFields(input),
      artifactsDir: PATHS.artifactsDir,
      stateDir: PATHS.kbsStateDir,
      journal: PATHS.kbsJournal,
      kbsDir: JOURNAL_DIRECTORY,
      journalRecord: RECORD_SCRIPT,
      baselineLook: baselineCommand([spec.etcd.dataDir]).text,
      baselineAwk: BASELINE_TO_JOURNAL,
      baselineDone: BASELINE_NOTES.done,
      kubeletConf: PATHS.kubeletKubeconfig,
      clientPem: PATHS.kubeletClientCertificate,
      bootstrapConf: PATHS.bootstrapKubeletKubeconfig,
      manifestsDir: PATHS.manifestsDir,
      modulesFile: PATHS.modulesLoadFile,
      fileMark: WRITTEN_BY_KBS,
      commands: [...REQUIRED_COMMANDS, ...SCRIPT_COMMANDS].join(' '),
      modules: modules.map(({ name }) => name).join(' '),
      abilities: kernelAbilityCommand(modules).text,
      maySwap: spec.preparation.swap === 'off' || spec.kubelet.config['failSwapOn'] === false,
      runtimeLeftovers: ['/usr/bin/containerd', `${PATHS.localBinDir}/containerd`, PATHS.containerdConfig].join(' '),
      preparation: preparationCalls(spec),
      packages: (runtime.packages?.packages ?? []).join(' '),
      programs: await programCalls(input),
      runtimeFiles: await runtimeCalls(input),
      runtimeInputs: runtime.inputs.join(' '),
      images: imageCalls(input),
      caCertificate: PATHS.caCertificate,
      kubeletFolders: folderCalls(KUBELET_FOLDERS),
      kubeletFiles: kubeletCalls(input),
      kubeletInputs: [PATHS.kubeletBinary, PATHS.kubeletUnit, PATHS.kubeletDropIn, PATHS.kubeletConfig, PATHS.kubeletFlagsEnv].join(' '),
      criSocketKey: NODE_KEYS.criSocket,
      criSocket: runtime.criSocket,
    }),
  );
}
