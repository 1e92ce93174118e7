import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import type { ClusterFileInput } from '../../src/config/index.js';
import type { AdoptResult, ConvergeResult } from '../../src/operations/index.js';
import { ensureArtifacts } from '../lab/artifacts.js';
import { capture, type CommandResult } from '../lab/command.js';
import { createLab, type Lab } from '../lab/lab.js';
import { IS_EVERYDAY, IS_THOROUGH } from '../support/depth.js';
import { createKubeadmCluster } from '../support/kubeadm-cluster.js';
import { installKbs, kbsOn, ON_HOST } from '../support/own-host.js';
import { runningContainers } from '../support/running-containers.js';

const KBS = resolve(import.meta.dirname, '..', '..', 'bin', 'run.js');

const OWN_UNITS = 'kbs has units of its own, with what the packages’ ones have besides';
const NODE_IP = 'the cluster file names an address for every host; a kubelet on several networks would take that of the default route';
const NOTES = 'nothing is changed on a host before its state is noted for kbs reset';
const SYSCTLS = 'the settings are on already, and the file keeps them over a reboot wherever they came from';
const PUBLIC_KEY = 'kubeadm init makes it 0600, kubeadm join 0644: on all control planes it is as on the first';
const KUBELET_CONF = 'made anew as kubeadm init makes it: other names in it, the same server, CA and certificate';
const DATA_MODE = 'the folder was there, and kubeadm leaves its mode; CIS 1.1.11 asks for 700';
const FOLDER = 'the kubelet’s configuration names this folder, and the kubelet complains of it every 20 s';

/** Control planes that joined with kubeadm, one after the other, which takes its time. */
const FURTHER = IS_THOROUGH ? ['cp2', 'cp3'] : [];

/** What is other on them than on the first: kubeadm join makes the kubelet's kubeconfig. */
const REVIEWED_ON_FURTHER: Readonly<Record<string, string>> = {
  'baseline/record': NOTES,
  'certificates/authorities': PUBLIC_KEY,
  'prepare/sysctls': SYSCTLS,
  'runtime/config': OWN_UNITS,
  'runtime/service': OWN_UNITS,
  'kubelet/config': `${OWN_UNITS}; ${NODE_IP}; ${KUBELET_CONF}`,
  'kubelet/service': OWN_UNITS,
  'control-plane/etcd-data': DATA_MODE,
};

/** Every step kbs would take on a cluster that stock kubeadm v1.25.0 made, and why. */
const REVIEWED_CHANGES: Readonly<Record<string, string>> = {
  'cp1 baseline/record': NOTES,
  'cp1 prepare/sysctls': SYSCTLS,
  'cp1 runtime/config': OWN_UNITS,
  'cp1 runtime/service': OWN_UNITS,
  'cp1 kubelet/config': `${OWN_UNITS}; ${NODE_IP}`,
  'cp1 kubelet/service': OWN_UNITS,
  'cp1 control-plane/etcd-data': DATA_MODE,
  'cp1 cluster-objects/kubeadm': 'an annotation that tells machines which join with a token what pod network there is',
  'w1 baseline/record': NOTES,
  'w1 prepare/sysctls': SYSCTLS,
  'w1 runtime/config': OWN_UNITS,
  'w1 runtime/service': OWN_UNITS,
  'w1 kubelet/folders': FOLDER,
  'w1 kubelet/config': `${OWN_UNITS}; ${NODE_IP}; ${KUBELET_CONF}`,
  'w1 kubelet/service': OWN_UNITS,
  'w2 kubelet/config': KUBELET_CONF,
  'w2 kubelet/service': KUBELET_CONF,
  ...Object.fromEntries(
    FURTHER.flatMap((host) => Object.entries(REVIEWED_ON_FURTHER).map(([step, why]) => [`${host} ${step}`, why] as const)),
  ),
};

let lab: Lab;
let bundle: string;
let directory: string;
let file: string;

beforeAll(async () => {
  bundle = (await ensureArtifacts()).directory;
  directory = await mkdtemp(join(tmpdir(), 'kbs-adopt-'));
  file = join(directory, 'cluster.yaml');
  lab = await createLab({ name: 'adopt', hosts: ['cp1', ...FURTHER, 'w1'].map((name) => ({ name })) });
  await createKubeadmCluster(lab, bundle);
});

afterAll(async () => {
  await lab?.down();
  await rm(directory, { recursive: true, force: true });
});

function kbs(args: readonly string[]): Promise<CommandResult> {
  const env = { XDG_DATA_HOME: join(directory, 'data'), XDG_CACHE_HOME: join(directory, 'cache') };
  return capture([...lab.operator, process.execPath, KBS, ...args], { cwd: directory, env, timeoutMs: 400_000 });
}

async function kbsJson<T>(args: readonly string[]): Promise<T> {
  const run = await kbs([...args, '--output', 'json']);
  if (run.exitCode !== 0) throw new Error(`kbs ${args.join(' ')} ended with ${run.exitCode}:\n${run.stderr}`);
  return JSON.parse(run.stdout) as T;
}

async function kubectl(args: string): Promise<string> {
  const run = await lab.ssh('cp1', `kubectl --kubeconfig /etc/kubernetes/admin.conf ${args}`);
  if (run.exitCode !== 0) throw new Error(run.stderr);
  return run.stdout.trim();
}

/** Every pod with its containers and how often they were started. */
function pods(): Promise<string> {
  return runningContainers({ kubectl: (args) => kubectl(args.map((arg) => `'${arg}'`).join(' ')) }, 1 + FURTHER.length);
}

describe.skipIf(IS_EVERYDAY).sequential('a cluster made by stock kubeadm v1.25.0', () => {
  test('takes in a machine that kbs joins with a token of kubeadm', async () => {
    await lab.add({ name: 'w2' });
    await installKbs(lab, 'w2', bundle);
    const created = await lab.ssh('cp1', 'kubeadm token create --print-join-command');
    const command = created.stdout.trim().replace(/^kubeadm/, 'kbs');
    // Its pods bring the network; told of it, kbs brings their images, which no registry could give here.
    await lab.ssh('w2', 'cat > /tmp/fragment.yaml', { input: 'spec: { network: { cni: { type: flannel } } }\n' });
    const joined = await kbsOn(lab, 'w2', `${command} --bundle ${ON_HOST.bundle} --config-fragment /tmp/fragment.yaml --output json`);
    expect(joined).toMatchObject({ exitCode: 0 });
    expect(await kubectl('get node w2 --no-headers')).toMatch(/^w2 +Ready /);
  });

  test('is described as it is, without a word written when only a look was asked for', async () => {
    const flags = ['--host', lab.host('cp1').address, '-i', lab.identityFile, '--known-hosts', lab.knownHostsFile, '--bundle', bundle];
    const looked = await kbsJson<AdoptResult>(['adopt', ...flags, '--to', file, '--dry-run']);
    expect((await lab.ssh('w1', 'ls -d /etc/kbs')).exitCode).not.toBe(0);
    await expect(readFile(file, 'utf8')).rejects.toMatchObject({ code: 'ENOENT' });
    const adopted = await kbsJson<AdoptResult>(['adopt', ...flags, '--to', file]);
    expect(adopted).toEqual(looked);
    expect(adopted.notes).toEqual([]);
    const address = (name: string): string => lab.host(name).address;
    expect(adopted.hosts).toEqual([
      ...['cp1', ...FURTHER].map((name) => ({ name, address: address(name), roles: ['control-plane'] })),
      { name: 'w1', address: address('w1'), roles: ['worker'] },
      { name: 'w2', address: address('w2'), roles: ['worker'] },
    ]);
    expect(await readFile(file, 'utf8')).toBe(adopted.text);
    expect(parse(adopted.text)).toMatchObject({
      spec: {
        kubernetesVersion: 'v1.25.0',
        controlPlaneEndpoint: { host: address('cp1') },
        network: { podSubnet: '10.244.0.0/16', cni: { version: 'v0.19.2' }, kubeProxy: { config: { conntrack: { maxPerCore: 0 } } } },
        kubelet: { config: { imageGCHighThresholdPercent: 100, imageGCLowThresholdPercent: 99 } },
      },
    });
  });

  test('is not described over a file that is there', async () => {
    expect(await kbs(['adopt', '--host', lab.host('cp1').address, '--to', file])).toMatchObject({ exitCode: 2 });
  });

  test('would be changed only where it was reviewed', async () => {
    const plan = await kbsJson<ConvergeResult>(['plan', '-f', file]);
    expect(plan.changes.map(({ host, step }) => `${host} ${step}`).sort()).toEqual(Object.keys(REVIEWED_CHANGES).sort());
    const objects = plan.changes.find(({ step }) => step === 'cluster-objects/kubeadm');
    expect(objects?.plan).toMatchObject({ summary: 'change ConfigMap kube-system/kubeadm-config' });
  });

  test('runs on while kbs applies the file: no pod is started anew, and then there is nothing left to change', async () => {
    const before = await pods();
    const applied = await kbsJson<ConvergeResult>(['apply', '-f', file]);
    expect(applied.proof.filter(({ ok }) => !ok)).toEqual([]);
    expect(await pods()).toBe(before);
    const planned = await kbs(['plan', '-f', file, '--exit-code']);
    expect(planned.exitCode, planned.stdout + planned.stderr).toBe(0);
  });

  test('takes in further workers of the file', async () => {
    const { name, address } = await lab.add({ name: 'w3' });
    const described = parse(await readFile(file, 'utf8')) as ClusterFileInput;
    const { spec } = described;
    const text = stringify({ ...described, spec: { ...spec, hosts: [...spec.hosts, { name, address }] } });
    await lab.run(['sh', '-c', 'cat > "$0"', file], { input: text });
    const joined = await kbsJson<ConvergeResult>(['join', '-f', file]);
    expect(joined.hosts).toEqual(['w3']);
    expect(await kubectl('get node w3 --no-headers')).toMatch(/^w3 +Ready /);
  });
});
