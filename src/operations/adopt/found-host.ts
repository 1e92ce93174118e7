import { PATHS } from '../../constants/index.js';
import { KbsError } from '../../errors/index.js';
import { script, type Host } from '../../host/index.js';
import { parseKubeconfig } from '../../kubeconfig/index.js';
import { isSameCertificate } from '../../pki/index.js';
import type { FoundHost } from './cluster-file.js';

/** Name of the journal's note on a host that kbs took over and did not make. */
export const ADOPTED_NOTE = 'adopted';

const LOOK = `
if [ -x "$LOCAL" ]; then echo artifact; elif [ -x /usr/bin/containerd ]; then echo package; else echo artifact; fi
if [ -e "$ENV" ]; then cat -- "$ENV"; fi`;

/** Flags out of `KUBELET_KUBEADM_ARGS="--a=b --c=d"`. Pure. */
export function parseKubeletFlags(text: string): Readonly<Record<string, string>> {
  const value = /^KUBELET_KUBEADM_ARGS="?([^"\n]*)"?$/m.exec(text)?.[1] ?? '';
  const flags = value.split(/\s+/).filter((word) => word.startsWith('--'));
  return Object.fromEntries(
    flags.map((flag): [string, string] => {
      const at = flag.indexOf('=');
      return at < 0 ? [flag.slice(2), 'true'] : [flag.slice(2, at), flag.slice(at + 1)];
    }),
  );
}

/** Reads what only the host itself knows. */
export async function lookAtHost(host: Host): Promise<FoundHost> {
  const text = await host.run(script(LOOK, { LOCAL: `${PATHS.localBinDir}/containerd`, ENV: PATHS.kubeletFlagsEnv }));
  const [kind, ...env] = text.split('\n');
  return { containerd: kind === 'package' ? 'package' : 'artifact', kubeletFlags: parseKubeletFlags(env.join('\n')) };
}

/**
 * Makes sure that a host is a node of the cluster, and not another machine at its address.
 * @throws KbsError ADOPT_REFUSED
 */
export async function checkMembership(host: Host, caCertificate: string): Promise<void> {
  const kubeconfig = await host.files.readSecret(PATHS.kubeletKubeconfig);
  const ca = kubeconfig === undefined ? undefined : parseKubeconfig(kubeconfig).caCertificate;
  if (ca !== undefined && isSameCertificate(ca, caCertificate)) return;
  throw new KbsError(
    'ADOPT_REFUSED',
    `${host.name} at ${host.transport.target} is no node of this cluster: its kubelet trusts another CA`,
    {
      where: { host: host.name },
      remedy: ['set sshAddress of the host in the cluster file, when SSH goes there by another address'],
    },
  );
}

/**
 * Notes on the host that what is there is kbs's to look after from now on. `kbs apply` refuses hosts with somebody else's
 * Kubernetes on them; with this note it takes them as its own.
 */
export async function markAdopted(host: Host, now: Date): Promise<void> {
  await host.journal.record([{ kind: 'note', name: ADOPTED_NOTE, value: now.toISOString() }]);
}
