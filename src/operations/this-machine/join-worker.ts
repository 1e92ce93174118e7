import type { ClusterSpec } from '../../config/index.js';
import { PATHS } from '../../constants/index.js';
import type { Phase } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import type { Host } from '../../host/index.js';
import {
  artifactsPhase,
  baselinePhase,
  binariesPhase,
  containerRuntimePhase,
  imagesPhase,
  joinNodePhase,
  kubeletPhase,
  preflightPhase,
  prepareHostPhase,
  proofImagesPhase,
  tokenNodeSource,
  workersPhase,
} from '../../phases/index.js';
import { openServerApi } from '../cluster-api.js';
import type { ConvergeResult } from '../converge.js';
import type { Found, JoinHereOptions } from './found.js';
import { runJoin, type JoinContext } from './join-run.js';

/** From a bare machine to a node that is Ready, with what the cluster tells whoever has a token. */
const JOIN_PHASES: readonly Phase<JoinContext>[] = [
  preflightPhase,
  artifactsPhase,
  baselinePhase,
  prepareHostPhase,
  binariesPhase,
  containerRuntimePhase,
  imagesPhase,
  proofImagesPhase,
  kubeletPhase,
  workersPhase,
  joinNodePhase,
];

async function readCredentials(host: Host, ca: string) {
  const pem = await host.files.readSecret(PATHS.kubeletClientCertificate);
  if (pem === undefined)
    throw new KbsError('FILE_READ', `${PATHS.kubeletClientCertificate} is not there: the kubelet has no certificate yet`);
  return { ca, certificate: pem.reveal(), privateKey: pem };
}

/** Makes this machine a worker. The API is asked with the kubelet's own credentials. */
export function joinAsWorker(options: JoinHereOptions, spec: ClusterSpec, found: Found): Promise<ConvergeResult> {
  const { cluster, config, token } = found;
  return runJoin<JoinContext>(options, spec, found, {
    phases: JOIN_PHASES,
    node: tokenNodeSource({ ...cluster, token: token.token, kubeletConfig: config.kubelet, overrides: spec.kubelet.config }),
    openKube: (host) => openServerApi(host, cluster.server, () => readCredentials(host, cluster.caCertificate)),
    complete: (context) => Promise.resolve(context),
  });
}
