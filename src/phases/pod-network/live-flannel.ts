import { FLANNEL_DAEMON_SET, NAMESPACES } from '../../constants/index.js';
import { jsonFields } from '../../json/index.js';
import { appliedByKbs, type KubeApi } from '../../kube/index.js';
import { tagOf } from '../../versions/index.js';
import { FLANNEL_CONFIG_MAP, type FlannelInput } from './flannel.js';

/** The flannel that is in a cluster, whoever has brought it. */
export interface LiveFlannel {
  /** Tag of its image: `v0.19.2`. */
  readonly version: string;
  /** Its net-conf.json. What the fields hold is not checked. */
  readonly network: Readonly<Record<string, unknown>>;
  /** Whether kbs has applied it. */
  readonly isOwn: boolean;
}

interface DaemonSetFields {
  readonly spec?: { readonly template?: { readonly spec?: { readonly containers?: readonly { readonly image?: string }[] } } };
}

/**
 * Reads flannel from the cluster; undefined when it is not there, or without its configuration.
 * @throws KbsError whatever {@link KubeApi.read} throws
 */
export async function readFlannel(api: KubeApi): Promise<LiveFlannel | undefined> {
  const namespace = NAMESPACES.flannel;
  const [daemonSet, configMap] = await Promise.all([
    api.read({ apiVersion: 'apps/v1', kind: 'DaemonSet', namespace, name: FLANNEL_DAEMON_SET }),
    api.read({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: FLANNEL_CONFIG_MAP }),
  ]);
  const text = (configMap?.['data'] as Readonly<Record<string, string>> | undefined)?.['net-conf.json'];
  if (daemonSet === undefined || text === undefined) return undefined;
  const image = (daemonSet as DaemonSetFields).spec?.template?.spec?.containers?.[0]?.image ?? '';
  return { version: tagOf(image), network: jsonFields(text), isOwn: appliedByKbs(daemonSet) !== undefined };
}

/**
 * Whether somebody else has brought the flannel that is there, and it is what is wanted: the release and the network, and nothing that its
 * pods would have to be told. It stays as it is then: kbs's own objects say the same in other words, and all pods would be started anew.
 */
export async function isForeignFlannel(api: KubeApi | undefined, wanted: FlannelInput): Promise<boolean> {
  if (wanted.interface !== undefined || wanted.interfaceCidr !== undefined || wanted.mtu !== undefined) return false;
  const live = api === undefined ? undefined : await readFlannel(api);
  if (live === undefined || live.isOwn || live.version !== wanted.version) return false;
  const { Network, Backend } = live.network as { readonly Network?: string; readonly Backend?: { readonly Type?: string } };
  return Network === wanted.podSubnet && Backend?.Type === wanted.backend;
}
