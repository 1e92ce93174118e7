import { etcdTopology } from '../../constants/index.js';
import type { AnyStep, Phase } from '../../engine/index.js';
import { filesStep, type FileSpec } from '../../steps/index.js';
import type { RunContext } from '../context.js';
import { beforeMoveStep } from '../endpoint/index.js';
import { kubeletServiceStep } from '../kubelet/index.js';
import { etcdDataStep } from '../etcd-data.js';
import { etcdReadyStep } from '../etcd-health.js';
import { apiServerReadyStep } from './api-server-step.js';
import { addMemberStep, promoteMemberStep } from './etcd-join-steps.js';
import { withHeadStart } from './etcd-head-start.js';
import { etcdStartOf, joiningFlags } from './etcd-start.js';
import { controlPlaneEvidence } from './evidence.js';
import { apiServerManifest, controllerManagerManifest, etcdManifest, schedulerManifest } from './manifests.js';
import { rolledManifestsStep } from './rolled-manifests-step.js';
import { servedCertificateStep } from './served-certificate-step.js';

/** The kubelet of a control plane starts while images are still loading: it has nothing to run yet. */
export const controlPlaneKubeletPhase: Phase<Pick<RunContext, 'spec' | 'images' | 'node' | 'registryCredentials'>> = {
  name: 'control-plane-kubelet',
  title: 'Start the kubelet of the control planes',
  summary: 'starts the kubelet on every control plane',
  on: 'control-plane',
  after: ['kubelet', 'binaries', 'container-runtime'],
  steps: async (context, host) => [
    beforeMoveStep(context.spec, (await context.node.entry()).access.caCertificate),
    await kubeletServiceStep(context, host),
  ],
};

type StorageSlice = Pick<RunContext, 'spec' | 'images' | 'etcd' | 'memberHosts' | 'mayFound'>;

/** Its members are known only when this one has been added. */
function joiningEtcdStep(context: StorageSlice): AnyStep {
  const options = { id: 'control-plane/etcd-manifest', title: 'Write the static pod of etcd', timeoutMs: 60_000 };
  return {
    ...options,
    async prepare(host, stepContext) {
      const members = (await context.etcd.tryMembers(stepContext.signal)) ?? [];
      return filesStep({ ...options, files: [etcdManifest(context, host, joiningFlags(members, host))] }).prepare(host, stepContext);
    },
  };
}

/**
 * etcd and the API server, as static pods, on all control planes at once. In a new cluster the members of etcd start together; one that
 * comes to a running cluster is a learner first, which etcd takes one at a time, and has its API server once it votes.
 */
export const controlPlanePhase: Phase<StorageSlice> = {
  name: 'control-plane',
  title: 'Start etcd and the API server',
  summary: 'writes the static pods of etcd and kube-apiserver; to a running etcd members are added one at a time, as learners first',
  on: 'control-plane',
  // With its image there a static pod starts at once; without it the kubelet would back off.
  after: ['control-plane-kubelet', 'control-plane-images'],
  // An API server without etcd ends after seconds, and the kubelet would back off. And members of a new etcd start together: one that
  // is alone has no quorum, and whoever asks it who its members are waits ten seconds for no answer.
  waitsFor: ['etcd-members', 'control-plane-images'],
  async steps(context, host) {
    const manifestsStep = (files: readonly FileSpec[]): AnyStep =>
      filesStep({
        id: 'control-plane/manifests',
        title: 'Write the static pods of etcd and the API server',
        files,
        // What runs and is to change waits for its turn.
        only: 'missing',
      });
    if (etcdTopology(context.spec) !== 'stacked') return [manifestsStep([apiServerManifest(context, host)])];
    const start = await etcdStartOf(context, host);
    if (start.kind !== 'joins')
      return [
        etcdDataStep('control-plane/etcd-data', context.spec.etcd.dataDir),
        withHeadStart(manifestsStep([etcdManifest(context, host, start.flags), apiServerManifest(context, host)]), host, start),
      ];
    return [
      addMemberStep('control-plane', context, start.lost),
      etcdDataStep('control-plane/etcd-data', context.spec.etcd.dataDir),
      joiningEtcdStep(context),
      promoteMemberStep('control-plane', context, start.lost),
      manifestsStep([apiServerManifest(context, host)]),
    ];
  },
};

/** What the static pods that run are to be like from now on, one control plane after the other: the others serve meanwhile. */
export const controlPlaneChangesPhase: Phase<StorageSlice & Pick<RunContext, 'pki'>> = {
  name: 'control-plane-changes',
  title: 'Change the static pods of the control plane',
  summary: 'changes the static pods of running control planes where the file wants them otherwise, one control plane after the other',
  on: 'control-plane',
  atOnce: 1,
  after: ['control-plane'],
  async steps(context, host) {
    const start = etcdTopology(context.spec) === 'stacked' ? await etcdStartOf(context, host) : undefined;
    // One that only joins, which is left to do in a plan, has nothing that could differ.
    const etcd = start === undefined || start.kind === 'joins' ? [] : [etcdManifest(context, host, start.flags)];
    const others = [apiServerManifest(context, host), controllerManagerManifest(context, host), schedulerManifest(context, host)];
    return [rolledManifestsStep(context, [...etcd, ...others], { id: 'control-plane-changes/manifests' })];
  },
};

/** etcd of every control plane is healthy, which with several members means: they have found each other. */
export const etcdPhase: Phase<Pick<RunContext, 'spec'>> = {
  name: 'etcd',
  title: 'Wait for etcd',
  summary: 'waits until the etcd member of every control plane is healthy',
  on: 'control-plane',
  after: ['control-plane'],
  skip: ({ spec }) => (etcdTopology(spec) === 'stacked' ? undefined : 'etcd is not on the control planes'),
  steps: ({ spec }) => [
    etcdReadyStep({
      id: 'etcd/ready',
      evidence: (host) => controlPlaneEvidence(host, spec),
      remedy: 'crictl ps -a; crictl logs $(crictl ps -a --name etcd -q | head -n 1)',
    }),
  ],
};

/** The API of every control plane answers. */
export const apiServerPhase: Phase<Pick<RunContext, 'spec' | 'pki'>> = {
  name: 'api-server',
  title: 'Wait for the API',
  summary: 'waits until the API server of every control plane is ready and shows the certificate that is on its disk',
  on: 'control-plane',
  after: ['control-plane', 'control-plane-changes'],
  async steps({ spec, pki }) {
    const { ca } = await pki.shared();
    const ready = apiServerReadyStep(ca.certificate, spec);
    // A certificate of the user's own is the user's to look after.
    return spec.apiServer.extraArgs['tls-cert-file'] === undefined ? [ready, servedCertificateStep(ca.certificate)] : [ready];
  },
};

/**
 * The controller manager, as soon as etcd is up: the API server follows within seconds, and it waits ten seconds for that before it gives up
 * and is held back. So it is there when the API serves.
 */
export const controllerManagerPhase: Phase<Pick<RunContext, 'spec' | 'images'>> = {
  name: 'controller-manager',
  title: 'Start the controller manager',
  summary: 'writes the static pod of kube-controller-manager on every control plane',
  on: 'control-plane',
  after: ['etcd'],
  steps: (context, host) => [
    filesStep({
      id: 'controller-manager/manifest',
      title: 'Write the static pod of the controller manager',
      files: [controllerManagerManifest(context, host)],
      only: 'missing',
    }),
  ],
};

/** The scheduler, when the API serves: there is nothing to place before the controller manager has looked at the nodes, ten seconds later. */
export const schedulerPhase: Phase<Pick<RunContext, 'spec' | 'images'>> = {
  name: 'scheduler',
  title: 'Start the scheduler',
  summary: 'writes the static pod of kube-scheduler on every control plane',
  on: 'control-plane',
  after: ['api-server'],
  steps: (context, host) => [
    filesStep({
      id: 'scheduler/manifest',
      title: 'Write the static pod of the scheduler',
      files: [schedulerManifest(context, host)],
      only: 'missing',
    }),
  ],
};
