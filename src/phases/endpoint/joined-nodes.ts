import { posix } from 'node:path';
import { endpointProvider } from '../../config/index.js';
import { NAMESPACES, NODE_KEYS } from '../../constants/index.js';
import type { Phase } from '../../engine/index.js';
import { refOf, type KubeObject } from '../../kube/index.js';
import { parseYamlStream } from '../../yaml/index.js';
import type { RunContext } from '../context.js';
import { configMap } from '../manifest.js';
import { objectsStep } from '../objects-step.js';
import { removeObjectsStep } from '../remove-objects-step.js';
import { skipWithoutControlPlane } from '../skip-without-control-plane.js';
import { localLbFiles } from './local-lb.js';

type Slice = Pick<RunContext, 'spec' | 'images'>;

interface Pod {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  readonly spec: {
    readonly containers: readonly { readonly volumeMounts: readonly { readonly name: string }[]; readonly [field: string]: unknown }[];
    readonly volumes: readonly { readonly name: string }[];
    readonly [field: string]: unknown;
  };
}

const NAME = 'local-lb';
const LABELS = { app: NAME };

/** Nodes that came by themselves: no API server, and no load balancer of kbs as a static pod. */
const CAME_BY_THEMSELVES = {
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [
        { matchExpressions: [NODE_KEYS.controlPlane, NODE_KEYS.localLb].map((key) => ({ key, operator: 'DoesNotExist' })) },
      ],
    },
  },
};

/**
 * The load balancer for nodes that joined with a token, by stock kubeadm too: their kubelet goes to the endpoint they were told, but
 * kube-proxy is the same on every node and looks for the API at home. Pure but for reading templates.
 */
export function joinedNodeObjects({ spec, images }: Slice): readonly KubeObject[] {
  const { config, manifest } = localLbFiles({ spec, images });
  const [pod] = parseYamlStream(manifest.content) as readonly [Pod];
  const { dir, base } = posix.parse(config.path);
  const mount = { name: 'config', mountPath: dir, readOnly: true };
  const volume = { name: 'config', configMap: { name: NAME, items: [{ key: base, path: base }] } };
  const replaced = <Entry extends { readonly name: string }>(list: readonly Entry[], entry: Entry): readonly Entry[] =>
    list.map((one) => (one.name === entry.name ? entry : one));
  const podSpec = {
    ...pod.spec,
    affinity: CAME_BY_THEMSELVES,
    tolerations: [{ operator: 'Exists' }],
    containers: pod.spec.containers.map((container) => ({ ...container, volumeMounts: replaced(container.volumeMounts, mount) })),
    volumes: replaced(pod.spec.volumes, volume),
  };
  return [
    configMap({ name: NAME, namespace: NAMESPACES.system, labels: LABELS }, { [base]: config.content }),
    {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: NAME, namespace: NAMESPACES.system, labels: LABELS },
      spec: {
        selector: { matchLabels: LABELS },
        template: { metadata: { labels: LABELS, annotations: pod.metadata.annotations }, spec: podSpec },
      },
    },
  ];
}

/** Nodes that join with a token reach the API where kube-proxy looks for it, too. */
export const joinedNodesPhase: Phase<Slice & Pick<RunContext, 'kube' | 'hosts'>> = {
  name: 'endpoint-joined-nodes',
  title: 'Care for nodes that join by themselves',
  summary: 'with a load balancer on each node, gives one to nodes that join with a token as well',
  on: 'cluster',
  after: [],
  // The labels of kbs's own nodes keep it away from them.
  waitsFor: ['nodes'],
  skip: skipWithoutControlPlane,
  steps({ spec, images, kube }) {
    const objects = joinedNodeObjects({ spec, images });
    if (endpointProvider(spec) === 'local-lb') {
      return [objectsStep({ id: 'endpoint/joined-nodes', title: 'Offer a load balancer to joining nodes', kube, objects: () => objects })];
    }
    return [
      removeObjectsStep({
        id: 'endpoint/remove-joined-nodes',
        title: 'Take away the load balancer of joined nodes',
        kube,
        objects: objects.map(refOf),
      }),
    ];
  },
};
