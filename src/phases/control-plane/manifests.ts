import { PATHS, PORTS } from '../../constants/index.js';
import type { Host } from '../../host/index.js';
import { renderApiServer, renderControllerManager, renderEtcd, renderScheduler } from '../../render/index.js';
import type { FileSpec } from '../../steps/index.js';
import { CLUSTER_NAME, etcdEndpoints } from '../access.js';
import type { RunContext } from '../context.js';
import type { EtcdStartFlags } from './etcd-start.js';

type Slice = Pick<RunContext, 'spec' | 'images'>;

function manifest(name: string, content: string): FileSpec {
  return { path: `${PATHS.manifestsDir}/${name}.yaml`, content, mode: 0o600 };
}

/** Static pod of etcd. */
export function etcdManifest({ spec, images }: Slice, host: Host, flags: EtcdStartFlags): FileSpec {
  return manifest(
    'etcd',
    renderEtcd({
      image: images.etcd,
      nodeName: host.name,
      advertiseAddress: host.address,
      dataDir: spec.etcd.dataDir,
      ...flags,
      extraArgs: spec.etcd.extraArgs,
    }),
  );
}

/** Static pod of the API server. */
export function apiServerManifest({ spec, images }: Slice, host: Host): FileSpec {
  return manifest(
    'kube-apiserver',
    renderApiServer({
      image: images.kubeApiserver,
      advertiseAddress: host.address,
      bindPort: PORTS.apiServer,
      serviceSubnet: spec.network.serviceSubnet,
      dnsDomain: spec.network.dnsDomain,
      etcdEndpoints: etcdEndpoints(spec),
      trustDirectories: host.facts.trustStoreDirectories,
      ...spec.apiServer,
    }),
  );
}

/** Static pod of the controller manager. */
export function controllerManagerManifest({ spec, images }: Slice, host: Host): FileSpec {
  return manifest(
    'kube-controller-manager',
    renderControllerManager({
      image: images.kubeControllerManager,
      advertiseAddress: host.address,
      clusterName: CLUSTER_NAME,
      podSubnet: spec.network.podSubnet,
      serviceSubnet: spec.network.serviceSubnet,
      trustDirectories: host.facts.trustStoreDirectories,
      ...spec.controllerManager,
    }),
  );
}

/** Static pod of the scheduler. */
export function schedulerManifest({ spec, images }: Slice, host: Host): FileSpec {
  return manifest('kube-scheduler', renderScheduler({ image: images.kubeScheduler, advertiseAddress: host.address, ...spec.scheduler }));
}
