import { endpointProvider } from '../../config/index.js';
import { etcdTopology } from '../../constants/index.js';
import type { AnyStep, Phase } from '../../engine/index.js';
import type { Host } from '../../host/index.js';
import { imageImportStep } from '../../steps/index.js';
import { imagesFor, type ClusterImages } from '../../versions/index.js';
import { runtimeOf } from '../container-runtime/index.js';
import { isControlPlane, isNode, type RunContext } from '../context.js';
import { customNetworkImages } from '../pod-network/index.js';

type Slice = Pick<RunContext, 'spec' | 'artifacts' | 'images'>;

function importStep({ spec, artifacts }: Slice, host: Host, id: string, references: readonly string[]): AnyStep {
  return imageImportStep({
    id,
    title: 'Load images',
    timeoutMs: 1_800_000,
    images: references.map((reference) => ({
      reference,
      archive: () => artifacts.imageArchive(reference, host.facts.architecture),
    })),
    runtime: runtimeOf(spec, host).images,
  });
}

/** What the static pods of a control plane run. */
function staticPodImages(spec: RunContext['spec'], images: ClusterImages): readonly string[] {
  const etcd = etcdTopology(spec) === 'stacked' ? [images.etcd] : [];
  const components = [images.pause, ...etcd, images.kubeApiserver, images.kubeControllerManager, images.kubeScheduler];
  return endpointProvider(spec) === 'kube-vip' ? [...components, images.kubeVip] : components;
}

/** The images of the static pods, before all others: the run's critical path goes through the control plane. */
export const controlPlaneImagesPhase: Phase<Slice> = {
  name: 'control-plane-images',
  title: 'Load the images of the control plane',
  summary: 'imports or pulls the images of the static pods on every control plane, so that these start while other images are loading',
  on: 'control-plane',
  after: ['container-runtime'],
  steps: (context, host) => [importStep(context, host, 'images/control-plane', staticPodImages(context.spec, context.images))],
};

/**
 * The images of a cluster's pods in the runtime's store before anything wants to run them. They go to the hosts once the API serves: the
 * controller manager then takes ten seconds before it looks at anything, nothing needs these images earlier, and until then they would
 * only slow down what the whole run waits for.
 */
export const imagesPhase: Phase<Slice & Pick<RunContext, 'customNetwork'>> = {
  name: 'images',
  title: 'Load images',
  summary: 'imports the image archives into the container runtime, or pulls the images where the source has no archives',
  on: isNode,
  after: ['container-runtime', 'control-plane-images'],
  waitsFor: ['api-server'],
  async steps(context, host) {
    const { spec, images, artifacts } = context;
    const custom = customNetworkImages(await context.customNetwork(), artifacts, host.facts.architecture);
    const wanted = imagesFor(isControlPlane(host) ? 'control-plane' : 'worker', spec, images).filter((image) => image !== images.agnhost);
    return [importStep(context, host, 'images/import', [...new Set([...wanted, ...custom])])];
  },
};

/** What the proof's own pods run: nothing of the cluster needs it, so it comes to the hosts while nodes and pod network start. */
export const proofImagesPhase: Phase<Slice> = {
  name: 'proof-images',
  title: 'Load the image of the proof',
  summary: 'imports or pulls the image that the pods of the proof and of `kbs verify` run',
  on: isNode,
  after: ['images'],
  // A worker still loads what it cannot start without, and would share disks and links with hosts that are ahead of it.
  waitsFor: ['images'],
  steps: (context, host) => [importStep(context, host, 'images/proof', [context.images.agnhost])],
};
