import { setTimeout as sleep } from 'node:timers/promises';
import { CONFIG_MAPS, hostPort, NAMESPACES } from '../constants/index.js';
import { KbsError } from '../errors/index.js';
import { jsonFields } from '../json/index.js';
import { parseClusterInfo } from '../kubeconfig/index.js';
import { apiGet, type ApiAnswer, type ApiGet } from './api-get.js';
import { caHashesOf, SHOW_HASH } from './ca-pin.js';
import { isSignedWith, signatureKey } from './signature.js';
import type { DiscoveredCluster, DiscoveryInput, Endpoint } from './types.js';

const CLUSTER_INFO_PATH = `/api/v1/namespaces/${NAMESPACES.public}/configmaps/${CONFIG_MAPS.clusterInfo}`;
const PATIENCE_MS = 20_000;
const SIGNATURE_PATIENCE_MS = 10_000;
const PAUSE_MS = 500;

/** How a new token comes about, for remedies. */
export const NEW_TOKEN = [
  'kbs token create --print-join-command   # on a control plane, or with -f CLUSTER_FILE where that is',
  'kubeadm token create --print-join-command   # on a control plane',
] as const;

interface ClusterInfo {
  /** Text of the kubeconfig, exactly as it was signed. */
  readonly kubeconfig: string;
  readonly signature: string | undefined;
  readonly localAddress: string | undefined;
}

type Answered = Extract<ApiAnswer, { readonly status: number }>;

function at(endpoint: Endpoint): string {
  return hostPort(endpoint.host, endpoint.port);
}

function cancelled(): KbsError {
  return new KbsError('CANCELLED', 'cancelled while looking for the cluster; nothing was changed');
}

async function pause(signal: AbortSignal): Promise<void> {
  // A pause cut short by the signal is told from a whole one by the next line.
  await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
  if (signal.aborted) throw cancelled();
}

/**
 * Asks again until the server answers; a busy or starting one counts as silent.
 * @throws KbsError KUBE_UNREACHABLE, DISCOVERY_UNTRUSTED, CANCELLED
 */
export async function askPatiently(ask: ApiGet, patienceMs = PATIENCE_MS): Promise<Answered> {
  const startedMs = performance.now();
  for (;;) {
    if (ask.signal.aborted) throw cancelled();
    const answer = await apiGet(ask);
    if (ask.signal.aborted) throw cancelled();
    if (answer.status === undefined && answer.isDistrust) throw untrustedServer(ask.endpoint, answer.reason);
    if (answer.status !== undefined && answer.status !== 429 && answer.status < 500) return answer;
    if (performance.now() - startedMs + PAUSE_MS > patienceMs) throw unreachable(ask.endpoint, answer);
    await pause(ask.signal);
  }
}

function unreachable(endpoint: Endpoint, answer: ApiAnswer): KbsError {
  const seen = answer.status === undefined ? answer.reason : `it answers with status ${answer.status}`;
  return new KbsError('KUBE_UNREACHABLE', `there is no API server at ${at(endpoint)}: ${seen}`, {
    remedy: [
      `curl -k https://${at(endpoint)}/readyz   # on this machine: the address, the port, a firewall in between?`,
      'crictl ps -a | grep kube-apiserver   # on a control plane',
    ],
  });
}

function untrustedServer(endpoint: Endpoint, reason: string): KbsError {
  return new KbsError('DISCOVERY_UNTRUSTED', `the API server at ${at(endpoint)} cannot be trusted: ${reason}`, {
    remedy: [
      `openssl s_client -connect ${at(endpoint)} </dev/null | openssl x509 -noout -issuer -ext subjectAltName   # who is it?`,
      'use an address or name that the API server’s certificate holds',
    ],
  });
}

/** Reads ConfigMap cluster-info as anybody. @throws KbsError KUBE_UNREACHABLE, DISCOVERY_UNTRUSTED, KUBE_API, CANCELLED */
async function readClusterInfo(input: DiscoveryInput, trust: ApiGet['trust']): Promise<ClusterInfo> {
  const { endpoint, signal, token } = input;
  const answer = await askPatiently({ endpoint, path: CLUSTER_INFO_PATH, trust, signal }, input.patienceMs);
  if (answer.status !== 200) {
    throw new KbsError('KUBE_API', `${at(endpoint)} does not show its ConfigMap cluster-info to everybody: status ${answer.status}`, {
      details: [answer.body.slice(0, 300)],
      remedy: [
        'kubeadm init phase bootstrap-token   # on a control plane: makes cluster-info and who may read it',
        `curl -k https://${at(endpoint)}${CLUSTER_INFO_PATH}`,
      ],
    });
  }
  const data = dataOf(answer.body);
  const kubeconfig = data['kubeconfig'];
  if (kubeconfig === undefined) {
    throw new KbsError('KUBE_API', `what ${at(endpoint)} shows as cluster-info has no kubeconfig in it`, {
      details: [answer.body.slice(0, 300)],
      remedy: ['kubeadm init phase bootstrap-token   # on a control plane: makes cluster-info anew'],
    });
  }
  return { kubeconfig, signature: data[signatureKey(token)], localAddress: answer.localAddress };
}

/** `data` of a ConfigMap; empty when the text is none. */
export function dataOf(body: string): Readonly<Record<string, string | undefined>> {
  return (jsonFields(body)['data'] as Readonly<Record<string, string>> | undefined) ?? {};
}

/** A token made just now is signed with by the controller manager within seconds. */
async function readSigned(input: DiscoveryInput): Promise<ClusterInfo> {
  const startedMs = performance.now();
  for (;;) {
    const info = await readClusterInfo(input, 'unchecked');
    if (info.signature !== undefined) return info;
    if (performance.now() - startedMs + PAUSE_MS > (input.signaturePatienceMs ?? SIGNATURE_PATIENCE_MS)) return info;
    await pause(input.signal);
  }
}

async function checkSignature({ endpoint, token }: DiscoveryInput, info: ClusterInfo): Promise<void> {
  if (info.signature === undefined) {
    throw new KbsError(
      'TOKEN_REFUSED',
      `the cluster at ${at(endpoint)} knows no bootstrap token ${token.id}: it never did, or it has expired`,
      {
        remedy: NEW_TOKEN,
      },
    );
  }
  if (await isSignedWith(token, info.kubeconfig, info.signature)) return;
  throw new KbsError(
    'TOKEN_REFUSED',
    `the cluster at ${at(endpoint)} has a bootstrap token ${token.id}, and its secret half is not the one given`,
    {
      details: ['or somebody between this machine and the cluster has changed the answer'],
      remedy: ['copy the whole token again', ...NEW_TOKEN],
    },
  );
}

function checkHashes({ endpoint, caHashes }: DiscoveryInput, caCertificate: string): void {
  if (caHashes === 'any') return;
  const found = caHashesOf(caCertificate);
  if (found.some((hash) => caHashes.includes(hash))) return;
  throw new KbsError('DISCOVERY_UNTRUSTED', `the CA of the cluster at ${at(endpoint)} is not the one given`, {
    details: [...caHashes.map((hash) => `given ${hash}`), ...found.map((hash) => `found ${hash}`)],
    remedy: [SHOW_HASH],
  });
}

/**
 * Finds a cluster as kubeadm does: cluster-info is read from an unchecked server and proven by the token's signature and the CA's hash;
 * then it is read again from a server that this CA vouches for, and must be the same.
 * @throws KbsError KUBE_UNREACHABLE, TOKEN_REFUSED, DISCOVERY_UNTRUSTED, KUBE_API, CANCELLED
 */
export async function discoverCluster(input: DiscoveryInput): Promise<DiscoveredCluster> {
  const first = await readSigned(input);
  await checkSignature(input, first);
  const { server, caCertificate } = parseClusterInfo(first.kubeconfig);
  checkHashes(input, caCertificate);
  const second = await readClusterInfo(input, { ca: caCertificate });
  if (second.kubeconfig !== first.kubeconfig) {
    throw new KbsError('DISCOVERY_UNTRUSTED', `${at(input.endpoint)} showed another cluster-info when it had to prove who it is`, {
      remedy: ['run the same command again: cluster-info may have been changed this very moment', SHOW_HASH],
    });
  }
  return { server, caCertificate, localAddress: first.localAddress };
}
