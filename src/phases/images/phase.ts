import type { Phase } from '../../engine/index.js';
import { sh } from '../../host/index.js';
import { imageImportStep } from '../../steps/index.js';
import { imagesFor } from '../../versions/index.js';
import { isControlPlane, type RunContext } from '../context.js';

/** Images in the runtime's store before anything wants to run them. */
export const imagesPhase: Phase<Pick<RunContext, 'spec' | 'artifacts' | 'images'>> = {
  name: 'images',
  title: 'Load images',
  summary: 'imports the image archives into the container runtime, or pulls the images where the source has no archives',
  on: 'all',
  after: ['container-runtime'],
  steps: ({ spec, artifacts, images }, host) => [
    imageImportStep({
      id: 'images/import',
      title: 'Load images',
      timeoutMs: 1_800_000,
      images: imagesFor(isControlPlane(host) ? 'control-plane' : 'worker', spec, images).map((reference) => ({
        reference,
        archive: () => artifacts.imageArchive(reference, host.facts.architecture),
      })),
      runtime: {
        list: sh`ctr -n k8s.io images ls -q`,
        import: (path) => sh`ctr -n k8s.io images import ${path}`,
        pull: (reference) => sh`crictl pull ${reference}`,
      },
    }),
  ],
};
