import type { KubeObject } from '../../kube/index.js';

/** Group of Calico's stored kinds. */
export const CALICO_API = { group: 'crd.projectcalico.org', version: 'v1' } as const;

/** A schema of OpenAPI v3, as CustomResourceDefinitions have it. */
type Schema = Readonly<Record<string, unknown>>;

const TEXT: Schema = { type: 'string' };
const YES_NO: Schema = { type: 'boolean' };
/** Calico checks its fields itself, and its releases add to them: what the API server does not know must not be lost. */
const ANYTHING: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

function fields(properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): Schema {
  return { ...ANYTHING, properties, ...(required.length === 0 ? {} : { required }) };
}

interface Kind {
  readonly kind: string;
  readonly plural: string;
  readonly namespaced?: boolean;
  /** Typed where kbs and people write them. */
  readonly spec?: Schema;
  readonly hasStatus?: boolean;
}

const MODE: Schema = { type: 'string', enum: ['Always', 'CrossSubnet', 'Never'] };

/** Source of names, scopes and fields: libcalico-go v3.25, config/crd. */
const KINDS: readonly Kind[] = [
  {
    kind: 'BGPConfiguration',
    plural: 'bgpconfigurations',
    spec: fields({ asNumber: { type: 'integer', format: 'int64' }, nodeToNodeMeshEnabled: YES_NO, listenPort: { type: 'integer' } }),
  },
  {
    kind: 'BGPPeer',
    plural: 'bgppeers',
    spec: fields({
      node: TEXT,
      nodeSelector: TEXT,
      peerIP: TEXT,
      peerSelector: TEXT,
      asNumber: { type: 'integer', format: 'int64' },
    }),
  },
  { kind: 'BlockAffinity', plural: 'blockaffinities' },
  { kind: 'CalicoNodeStatus', plural: 'caliconodestatuses', hasStatus: true },
  { kind: 'ClusterInformation', plural: 'clusterinformations' },
  { kind: 'FelixConfiguration', plural: 'felixconfigurations' },
  { kind: 'GlobalNetworkPolicy', plural: 'globalnetworkpolicies' },
  { kind: 'GlobalNetworkSet', plural: 'globalnetworksets' },
  { kind: 'HostEndpoint', plural: 'hostendpoints' },
  { kind: 'IPAMBlock', plural: 'ipamblocks' },
  { kind: 'IPAMConfig', plural: 'ipamconfigs' },
  { kind: 'IPAMHandle', plural: 'ipamhandles' },
  {
    kind: 'IPPool',
    plural: 'ippools',
    spec: fields(
      {
        cidr: TEXT,
        blockSize: { type: 'integer' },
        ipipMode: MODE,
        vxlanMode: MODE,
        natOutgoing: YES_NO,
        disabled: YES_NO,
        disableBGPExport: YES_NO,
        nodeSelector: TEXT,
        allowedUses: { type: 'array', items: TEXT },
      },
      ['cidr'],
    ),
  },
  { kind: 'IPReservation', plural: 'ipreservations' },
  { kind: 'KubeControllersConfiguration', plural: 'kubecontrollersconfigurations', hasStatus: true },
  { kind: 'NetworkPolicy', plural: 'networkpolicies', namespaced: true },
  { kind: 'NetworkSet', plural: 'networksets', namespaced: true },
];

function definition({ kind, plural, namespaced = false, spec = ANYTHING, hasStatus = false }: Kind): KubeObject {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${CALICO_API.group}` },
    spec: {
      group: CALICO_API.group,
      scope: namespaced ? 'Namespaced' : 'Cluster',
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
      versions: [
        {
          name: CALICO_API.version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { spec, ...(hasStatus ? { status: ANYTHING } : {}) } } },
        },
      ],
    },
  };
}

/** Definitions of the kinds Calico keeps in the API; parts they share are copies, as in a manifest. Pure. */
export function calicoDefinitions(): readonly KubeObject[] {
  return JSON.parse(JSON.stringify(KINDS.map(definition))) as readonly KubeObject[];
}
