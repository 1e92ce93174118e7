import { PATHS } from '../../constants/index.js';
import { checkStep, doneUnless, waitFor, type AnyStep, type Glimpse, type Phase } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import type { Host } from '../../host/index.js';
import { removeFilesStep } from '../../steps/index.js';
import type { RunContext } from '../context.js';
import { runtimeOf } from '../container-runtime/index.js';
import { joinedProblem } from '../kubelet/index.js';
import { kubeletTrouble } from './evidence.js';
import { nodeAnnotationStep, nodeReadyStep } from './node-steps.js';

type Slice = Pick<RunContext, 'spec' | 'node' | 'kube' | 'now'>;

/** kubeadm gives the kubelet as long. Source: kubeadm v1.25 constants.go, TLSBootstrapTimeout. */
const CERTIFICATE_WAIT_MS = 300_000;

async function lookForCertificate(host: Host, { node, now }: Slice): Promise<Glimpse<true>> {
  const wanted = [PATHS.kubeletKubeconfig, PATHS.kubeletClientCertificate];
  const stats = await host.files.stat(wanted);
  const missing = wanted.filter((path) => stats.get(path) === undefined);
  if (missing.length > 0) return { done: false, seen: `no ${missing.join(' and no ')} yet` };
  const { access } = await node.entry();
  return doneUnless(await joinedProblem(host, { nodeName: host.name, access, now }));
}

function certificateStep(slice: Slice): AnyStep {
  return checkStep({
    id: 'join-node/certificate',
    title: 'Wait for the kubelet’s certificate',
    timeoutMs: CERTIFICATE_WAIT_MS + 30_000,
    async run(host, { signal }) {
      await waitFor({
        what: 'the cluster to sign the kubelet’s certificate',
        forMs: CERTIFICATE_WAIT_MS,
        signal,
        ...kubeletTrouble(host, runtimeOf(slice.spec, host).evidenceUnits, [
          'kubectl get csr   # on a control plane: has it come in, was it approved?',
        ]),
        probe: () => lookForCertificate(host, slice),
      });
    },
  });
}

/** The kubelet has bought its certificate with the token, is known to the cluster and takes pods. */
export const joinNodePhase: Phase<Slice> = {
  name: 'join-node',
  title: 'Join the cluster',
  summary: 'waits until the kubelet has its certificate, takes the token away again, and waits until the node is Ready',
  on: 'all',
  after: ['workers'],
  leftOutOfPlans: 'it waits for the kubelet, which only a change starts',
  steps: (slice, host) => [
    certificateStep(slice),
    removeFilesStep({
      id: 'join-node/token',
      title: 'Take the bootstrap token off the host',
      paths: [PATHS.bootstrapKubeletKubeconfig],
    }),
    nodeAnnotationStep(slice, host),
    nodeReadyStep(slice),
  ],
};

/** A control plane that came by itself is known to the cluster and takes pods. */
export const nodeReadyPhase: Phase<Pick<RunContext, 'kube' | 'spec'>> = {
  name: 'node-ready',
  title: 'Wait for the node',
  summary: 'waits until the node of the new control plane is Ready',
  on: 'all',
  after: ['nodes', 'api-server'],
  leftOutOfPlans: 'it waits for the kubelet, which only a change starts',
  steps: (slice) => [nodeReadyStep(slice)],
};

/** Raised where a host turns out to be somebody the cluster knows already. */
export function nameTaken(name: string): KbsError {
  return new KbsError('PREFLIGHT_FAILED', `the cluster has a node ${name} already, and it is Ready: another machine has this name`, {
    remedy: [
      'add --node-name OTHER_NAME, or give this machine another host name',
      `kubectl delete node ${name}   # if it is gone for good`,
    ],
  });
}
