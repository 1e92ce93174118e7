import { controlPlanes, endpointProvider } from '../../config/index.js';
import { NODE_KEYS, PATHS, PORTS } from '../../constants/index.js';
import type { AnyStep } from '../../engine/index.js';
import type { Host } from '../../host/index.js';
import { renderHaproxy, renderLocalLb, type HaproxyInput } from '../../render/index.js';
import { filesStep, sha256Of, type FileSpec } from '../../steps/index.js';
import { isControlPlane, isNode, type RunContext } from '../context.js';
import { staticPodStep } from '../static-pods/index.js';

/** Manifest of the static pod. */
export const LOCAL_LB_MANIFEST = `${PATHS.manifestsDir}/local-lb.yaml`;

type Spec = RunContext['spec'];

/** The API servers that haproxy spreads connections over: those of the cluster file's control planes. */
export function haproxyServers(spec: Spec): Pick<HaproxyInput, 'apiServers' | 'asksReadyz'> {
  return {
    apiServers: controlPlanes(spec).map(({ name, address }) => ({ name, address })),
    asksReadyz: spec.apiServer.extraArgs['anonymous-auth'] !== 'false',
  };
}

/** Whether a node has a load balancer of its own: where no API server answers on loopback. */
export function hasLocalLb(spec: Spec, host: Host): boolean {
  return endpointProvider(spec) === 'local-lb' && isNode(host) && !isControlPlane(host);
}

/** Label of nodes that are no control planes: it keeps away the load balancer of nodes that come without one. */
export function localLbLabels(spec: Spec): Readonly<Record<string, string>> {
  return endpointProvider(spec) === 'local-lb' ? { [NODE_KEYS.localLb]: 'static-pod' } : {};
}

/** A file that holds nothing secret. */
type TextFile = FileSpec & { readonly content: string };

/** What the load balancer of a node is made of. */
export function localLbFiles({ spec, images }: Pick<RunContext, 'spec' | 'images'>): {
  readonly config: TextFile;
  readonly manifest: TextFile;
} {
  const config = renderHaproxy({ kind: 'pod', port: PORTS.apiServer, ...haproxyServers(spec) });
  const manifest = renderLocalLb({ image: images.haproxy, configDigest: sha256Of(config) });
  return {
    config: { path: PATHS.localLbConfig, content: config, mode: 0o644 },
    manifest: { path: LOCAL_LB_MANIFEST, content: manifest, mode: 0o600 },
  };
}

/** The load balancer of a node, as a static pod: the kubelet runs it before it has found the API. None where it is not wanted. */
export function localLbSteps(slice: Pick<RunContext, 'spec' | 'images'>, host: Host): readonly AnyStep[] {
  if (!hasLocalLb(slice.spec, host)) return [];
  const { config, manifest } = localLbFiles(slice);
  return [
    filesStep({
      id: 'local-lb/config',
      title: 'Configure the node’s load balancer',
      files: [config],
    }),
    // After its configuration, whose digest is in it: another manifest is what makes the kubelet start the pod anew.
    staticPodStep({ id: 'local-lb/manifest', title: 'Write the static pod of the node’s load balancer', manifest }),
  ];
}
