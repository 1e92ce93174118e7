import { fileURLToPath } from 'node:url';

/** The Kubernetes version that everything is tested with. */
export const DEFAULT_KUBERNETES = 'v1.25.0';

/** Go programs that are compiled together, because they share a module and so most of the work. */
export interface GoSet {
  /** The directory beside this file. */
  readonly name: 'kubernetes' | 'etcd' | 'coredns' | 'flannel' | 'flannel-cni' | 'kube-router' | 'cri-dockerd' | 'pause';
  /** Import paths; each program gets the name of its path's last element. */
  readonly packages: readonly string[];
  readonly cgo?: boolean;
  readonly tags?: string;
  readonly linkerFlags: readonly string[];
}

/** The directory with the source of all sets. */
export const COMPONENTS_DIRECTORY = fileURLToPath(new URL('.', import.meta.url));

const STRIPPED = ['-s', '-w'];

// Go 1.23 and later refuse the reach into the standard library's private parts that golang.org/x/net of 2021 made.
const OLD_NETWORK_LIBRARY = '-checklinkname=0';

/** The version of etcd in names and in its own output. */
export const ETCD_VERSION = '3.5.4';

/** etcd and etcdctl in one program. */
export const ETCD: GoSet = { name: 'etcd', packages: ['.'], linkerFlags: STRIPPED };

/** CoreDNS 1.9.3. */
export const COREDNS: GoSet = { name: 'coredns', packages: ['.'], linkerFlags: [...STRIPPED, OLD_NETWORK_LIBRARY] };

/** flanneld 0.19.2; the backend `udp` is written in C. */
export const FLANNEL: GoSet = {
  name: 'flannel',
  packages: ['github.com/flannel-io/flannel'],
  cgo: true,
  tags: 'netgo,osusergo',
  linkerFlags: [...STRIPPED, '-extldflags=-static', '-X=github.com/flannel-io/flannel/version.Version=v0.19.2'],
};

/** The CNI plugin `flannel`. */
export const FLANNEL_CNI: GoSet = {
  name: 'flannel-cni',
  packages: ['github.com/containernetworking/plugins/plugins/meta/flannel'],
  linkerFlags: [...STRIPPED, OLD_NETWORK_LIBRARY, '-X=github.com/containernetworking/plugins/pkg/utils/buildversion.BuildVersion=v0.9.1'],
};

/** The version in the name and in the output of the stand-in for cri-dockerd. */
export const CRI_DOCKERD_VERSION = '0.3.4';

/** A stand-in for cri-dockerd: its own module cannot be had. */
export const CRI_DOCKERD: GoSet = {
  name: 'cri-dockerd',
  packages: ['.'],
  tags: 'providerless',
  linkerFlags: [...STRIPPED, OLD_NETWORK_LIBRARY, `-X=main.version=${CRI_DOCKERD_VERSION}`],
};

/** kube-router 1.3.2: NetworkPolicy beside another pod network, or the pod network itself. */
export const KUBE_ROUTER: GoSet = {
  name: 'kube-router',
  packages: ['github.com/cloudnativelabs/kube-router/cmd/kube-router'],
  linkerFlags: [...STRIPPED, OLD_NETWORK_LIBRARY, '-X=github.com/cloudnativelabs/kube-router/pkg/version.Version=v1.3.2'],
};

/** The program that holds a pod's namespaces. */
export const PAUSE: GoSet = { name: 'pause', packages: ['.'], linkerFlags: STRIPPED };

/** The version in the name and in the output of the stand-in for crictl. */
export const CRICTL_VERSION = '1.25.0';

/**
 * The programs of one Kubernetes version: `kubernetes` (the four that run as pods), the hosts' programs, and agnhost for the
 * default version.
 */
export function kubernetesSet(version: string): GoSet {
  const [, major = '', minor = ''] = /^v(\d+)\.(\d+)\.\d+$/.exec(version) ?? [];
  const stamp = { gitVersion: version, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' };
  const stamped = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((path) =>
    Object.entries(stamp).map(([name, value]) => `-X=${path}.${name}=${value}`),
  );
  const agnhost = version === DEFAULT_KUBERNETES ? ['k8s.io/kubernetes/test/images/agnhost'] : [];
  return {
    name: 'kubernetes',
    packages: ['.', './kubelet', './kubectl', './kubeadm', './crictl', ...agnhost],
    tags: 'providerless',
    linkerFlags: [...STRIPPED, ...stamped, `-X=main.version=v${CRICTL_VERSION}`],
  };
}
