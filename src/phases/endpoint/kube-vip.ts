import { endpointOf } from '../../config/index.js';
import { PATHS } from '../../constants/index.js';
import type { AnyStep } from '../../engine/index.js';
import type { Host } from '../../host/index.js';
import { renderKubeVip } from '../../render/index.js';
import type { RunContext } from '../context.js';
import { staticPodStep } from '../static-pods/index.js';
import { noteAddressStep, virtualInterface } from './virtual-address.js';

/** Manifest of the static pod. */
export const KUBE_VIP_MANIFEST = `${PATHS.manifestsDir}/kube-vip.yaml`;

/** kube-vip as a static pod on a control plane: the address by ARP, with whoever has the lease. */
export function kubeVipSteps({ spec, images }: Pick<RunContext, 'spec' | 'images'>, host: Host): readonly AnyStep[] {
  const { host: virtualAddress } = endpointOf(spec);
  const onInterface = virtualInterface(spec, host);
  return [
    noteAddressStep(virtualAddress, onInterface),
    staticPodStep({
      id: 'kube-vip/manifest',
      title: 'Write the static pod of kube-vip',
      manifest: {
        path: KUBE_VIP_MANIFEST,
        content: renderKubeVip({ image: images.kubeVip, virtualAddress, interface: onInterface }),
        mode: 0o600,
      },
    }),
  ];
}
