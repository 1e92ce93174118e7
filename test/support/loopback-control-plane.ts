import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { issueKubeconfig, KUBECONFIGS } from '../../src/kubeconfig/index.js';
import { createKubeAccess, type KubeAccess } from '../../src/kube/index.js';
import { createSharedPki, issueClientCertificate, issueLeaf, LEAF_CERTS, type SharedPki } from '../../src/pki/index.js';
import { waitFor } from '../../src/engine/index.js';
import { ensureGoSet, ensureKubernetes } from '../lab/components/go-build.js';
import { DEFAULT_KUBERNETES, ETCD } from '../lab/components/go-sets.js';
import { dialingHost } from './dialing-host.js';

/** A real etcd and a real API server on this machine's loopback; no node, no kubelet. */
export interface LoopbackControlPlane {
  readonly kube: KubeAccess;
  readonly pki: SharedPki;
  readonly port: number;
  /** Starts kube-controller-manager with more flags. */
  startControllerManager(...flags: readonly string[]): Promise<void>;
  /** Ends the API server and starts it again. */
  restartApiServer(): Promise<void>;
  /** Runs kubectl as administrator. */
  readonly kubeconfig: string;
  readonly kubectl: string;
  stop(): Promise<void>;
}

const NODE = { nodeName: 'cp1', advertiseAddress: '127.0.0.1', serviceSubnetFirst: '10.96.0.1', dnsDomain: 'cluster.local', certSANs: [] };
const NOW = new Date();

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

async function writePki(directory: string, pki: SharedPki): Promise<void> {
  const put = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text, { mode: 0o600 });
  };
  await put('ca.crt', pki.ca.certificate);
  await put('ca.key', pki.ca.privateKey.reveal());
  await put('etcd/ca.crt', pki.etcdCa?.certificate ?? '');
  await put('front-proxy-ca.crt', pki.frontProxyCa.certificate);
  await put('sa.key', pki.serviceAccount.privateKey.reveal());
  await put('sa.pub', pki.serviceAccount.publicKey);
  for (const spec of LEAF_CERTS) {
    const pair = await issueLeaf(spec, pki, NODE, NOW);
    await put(`${spec.file}.crt`, pair.certificate);
    await put(`${spec.file}.key`, pair.privateKey.reveal());
  }
}

class Programs {
  readonly #running = new Map<string, ChildProcess>();

  constructor(private readonly directory: string) {}

  start(name: string, program: string, flags: readonly string[]): void {
    const log = createWriteStream(join(this.directory, `${name}.log`), { flags: 'a' });
    const child = spawn(program, flags, { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.pipe(log);
    child.stderr.pipe(log);
    this.#running.set(name, child);
  }

  async stop(name: string): Promise<void> {
    const child = this.#running.get(name);
    this.#running.delete(name);
    if (child === undefined || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((name) => this.stop(name)));
  }

  async log(name: string): Promise<string> {
    return (await readFile(join(this.directory, `${name}.log`), 'utf8')).slice(-3000);
  }
}

/** Starts the control plane and waits until it serves. */
export async function startLoopbackControlPlane(): Promise<LoopbackControlPlane> {
  const [kubernetes, etcd, directory] = await Promise.all([
    ensureKubernetes(DEFAULT_KUBERNETES),
    ensureGoSet(ETCD),
    mkdtemp(join(tmpdir(), 'kbs-control-plane-')),
  ]);
  const [port, client, peer] = [await freePort(), await freePort(), await freePort()];
  const pki = await createSharedPki(NOW);
  const at = (path: string): string => join(directory, path);
  await writePki(directory, pki);
  for (const name of ['kube-apiserver', 'kube-controller-manager']) await symlink(join(kubernetes, 'kubernetes'), at(name));
  const programs = new Programs(directory);
  programs.start('etcd', join(etcd, 'etcd'), [
    ...[`--data-dir=${at('etcd-data')}`, '--name=cp1', '--unsafe-no-fsync', '--log-level=warn'],
    ...[`--listen-client-urls=https://127.0.0.1:${client}`, `--advertise-client-urls=https://127.0.0.1:${client}`],
    ...[`--listen-peer-urls=http://127.0.0.1:${peer}`, `--initial-advertise-peer-urls=http://127.0.0.1:${peer}`],
    `--initial-cluster=cp1=http://127.0.0.1:${peer}`,
    ...[`--cert-file=${at('etcd/server.crt')}`, `--key-file=${at('etcd/server.key')}`],
    ...['--client-cert-auth=true', `--trusted-ca-file=${at('etcd/ca.crt')}`],
  ]);
  const startApiServer = (): void =>
    programs.start('kube-apiserver', at('kube-apiserver'), [
      ...['--bind-address=127.0.0.1', '--advertise-address=127.0.0.1', `--secure-port=${port}`, '--allow-privileged=true'],
      ...['--authorization-mode=Node,RBAC', '--enable-admission-plugins=NodeRestriction', '--enable-bootstrap-token-auth=true'],
      ...[`--client-ca-file=${at('ca.crt')}`, `--tls-cert-file=${at('apiserver.crt')}`, `--tls-private-key-file=${at('apiserver.key')}`],
      ...[`--etcd-servers=https://127.0.0.1:${client}`, `--etcd-cafile=${at('etcd/ca.crt')}`],
      ...[`--etcd-certfile=${at('apiserver-etcd-client.crt')}`, `--etcd-keyfile=${at('apiserver-etcd-client.key')}`],
      ...['--service-cluster-ip-range=10.96.0.0/12', '--service-account-issuer=https://kubernetes.default.svc.cluster.local'],
      ...[`--service-account-key-file=${at('sa.pub')}`, `--service-account-signing-key-file=${at('sa.key')}`],
    ]);
  startApiServer();
  const host = dialingHost({ name: 'cp1' });
  const kube = createKubeAccess({
    controlPlanes: [host],
    port,
    credentials: async () => {
      const pair = await issueClientCertificate({ commonName: 'kubernetes-admin', organization: 'system:masters', ca: pki.ca, now: NOW });
      return { ca: pki.ca.certificate, certificate: pair.certificate, privateKey: pair.privateKey };
    },
  });
  const kubeconfig = async (name: 'admin' | 'controller-manager'): Promise<string> => {
    const spec = KUBECONFIGS.find((candidate) => candidate.name === name);
    if (spec === undefined) throw new Error(`no kubeconfig ${name}`);
    const access = { clusterName: 'kubernetes', server: `https://127.0.0.1:${port}`, caCertificate: pki.ca.certificate };
    const text = await issueKubeconfig(spec, { access, nodeName: 'cp1', ca: pki.ca, now: NOW });
    await writeFile(at(`${name}.conf`), text.reveal(), { mode: 0o600 });
    return at(`${name}.conf`);
  };
  const ready = async (): Promise<void> => {
    const signal = AbortSignal.timeout(90_000);
    await waitFor({
      what: 'the API server on loopback',
      forMs: 60_000,
      signal,
      probe: async () => {
        const api = await kube.tryConnect(signal);
        return api === undefined ? { done: false, seen: await programs.log('kube-apiserver') } : { done: true, value: api };
      },
    });
  };
  const stop = async (): Promise<void> => {
    await kube.close();
    await programs.stopAll();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await ready();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    kube,
    pki,
    port,
    kubeconfig: await kubeconfig('admin'),
    kubectl: join(kubernetes, 'kubectl'),
    async startControllerManager(...flags) {
      const conf = await kubeconfig('controller-manager');
      programs.start('kube-controller-manager', at('kube-controller-manager'), [
        ...[`--kubeconfig=${conf}`, `--authentication-kubeconfig=${conf}`, `--authorization-kubeconfig=${conf}`],
        ...['--bind-address=127.0.0.1', `--secure-port=${await freePort()}`, '--use-service-account-credentials=true'],
        ...[`--root-ca-file=${at('ca.crt')}`, `--service-account-private-key-file=${at('sa.key')}`],
        ...[`--cluster-signing-cert-file=${at('ca.crt')}`, `--cluster-signing-key-file=${at('ca.key')}`],
        ...flags,
      ]);
    },
    async restartApiServer() {
      await programs.stop('kube-apiserver');
      startApiServer();
      await ready();
    },
    stop,
  };
}
