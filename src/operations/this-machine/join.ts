import { endpointOfServer, readUploadedCertificates } from '../../discovery/index.js';
import { decryptSharedPki, parseCertificateKey, type SharedPki } from '../../pki/index.js';
import type { ConvergeResult } from '../converge.js';
import { addressHere, nodeNameHere } from './address.js';
import { discover, type Found, type JoinHereOptions } from './found.js';
import { joinAsControlPlane } from './join-control-plane.js';
import { joinSpec } from './join-spec.js';
import { joinAsWorker } from './join-worker.js';

/** The cluster's authorities, for a machine that becomes a control plane; read before anything is changed. */
async function uploadedPki({ certificateKey, bus, signal }: JoinHereOptions, { cluster, token }: Found): Promise<SharedPki | undefined> {
  if (certificateKey === undefined) return undefined;
  const key = parseCertificateKey(certificateKey);
  bus.hide(key);
  return decryptSharedPki(await readUploadedCertificates({ cluster, token, signal }), key);
}

/**
 * Makes this machine a node of a cluster that kbs or kubeadm made, with a bootstrap token: a worker, or with the key of the uploaded
 * certificates a control plane. Nothing is changed before the cluster has proven who it is and every preflight check has passed.
 * @throws KbsError USAGE, TOKEN_REFUSED, CERTIFICATE_KEY_REFUSED, DISCOVERY_UNTRUSTED, KUBE_UNREACHABLE, PREFLIGHT_FAILED and whatever
 * the phases throw
 */
export async function joinThisMachine(options: JoinHereOptions): Promise<ConvergeResult> {
  const { settings } = options;
  const name = nodeNameHere(settings.nodeName);
  const found = await discover(options, name);
  const pki = await uploadedPki(options, found);
  const address = settings.nodeIp ?? found.cluster.localAddress ?? (await addressHere('--node-ip'));
  const facts = { server: endpointOfServer(found.cluster.server), config: found.config };
  const machine = { name, address, role: pki === undefined ? 'worker' : 'control-plane' } as const;
  const { spec, warnings } = await joinSpec(settings, facts, machine);
  options.onCluster(spec.name);
  for (const message of warnings) options.bus.emit({ type: 'warning', message });
  return pki === undefined ? joinAsWorker(options, spec, found) : joinAsControlPlane(options, spec, { ...found, pki });
}
