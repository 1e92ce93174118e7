import { FLANNEL_DAEMON_SET, NAMESPACES } from '../../constants/index.js';
import { appliedByKbs, type KubeApi, type KubeObject } from '../../kube/index.js';
import { parseYamlStream } from '../../yaml/index.js';
import { FLANNEL_CONFIG_MAP, type FlannelInput } from './flannel.js';

/** What the pods of a DaemonSet run. */
interface DaemonSetFields {
  readonly spec?: { readonly template?: { readonly spec?: { readonly containers?: readonly { readonly image?: string }[] } } };
}

/** `net-conf.json` of flannel. */
interface NetworkFields {
  readonly Network?: string;
  readonly Backend?: { readonly Type?: string };
}

function releaseOf(daemonSet: KubeObject): string {
  const image = (daemonSet as DaemonSetFields).spec?.template?.spec?.containers?.[0]?.image ?? '';
  return image.slice(image.lastIndexOf(':') + 1);
}

function networkOf(configMap: KubeObject | undefined): NetworkFields {
  const { data } = (configMap ?? {}) as { readonly data?: Readonly<Record<string, string>> };
  const [network] = parseYamlStream(data?.['net-conf.json'] ?? '{}') as readonly (NetworkFields | null)[];
  return network ?? {};
}

/**
 * Whether somebody else has brought the flannel that is there, and it is what is wanted: the release and the network, and nothing that its
 * pods would have to be told. It stays as it is then: kbs's own objects say the same in other words, and all pods would be started anew.
 */
export async function isForeignFlannel(api: KubeApi | undefined, wanted: FlannelInput): Promise<boolean> {
  if (wanted.interface !== undefined || wanted.interfaceCidr !== undefined || wanted.mtu !== undefined) return false;
  const namespace = NAMESPACES.flannel;
  const daemonSet = await api?.read({ apiVersion: 'apps/v1', kind: 'DaemonSet', namespace, name: FLANNEL_DAEMON_SET });
  if (daemonSet === undefined || appliedByKbs(daemonSet) !== undefined || releaseOf(daemonSet) !== wanted.version) return false;
  const { Network, Backend } = networkOf(await api?.read({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: FLANNEL_CONFIG_MAP }));
  return Network === wanted.podSubnet && Backend?.Type === wanted.backend;
}
