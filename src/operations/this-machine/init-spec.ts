import { resolve } from 'node:path';
import { composeClusterSpec, parseEndpoint, type ComposedCluster } from '../../config/index.js';
import { artifactsOf, type ArtifactChoice } from './run.js';

/** What `kbs init` without a cluster file was told; undefined: the fragment's or the default. */
export interface InitSettings extends ArtifactChoice {
  readonly fragmentFile: string | undefined;
  readonly advertiseAddress: string | undefined;
  /** `HOST` or `HOST:PORT`. */
  readonly controlPlaneEndpoint: string | undefined;
  readonly podSubnet: string | undefined;
  readonly serviceSubnet: string | undefined;
  readonly dnsDomain: string | undefined;
  readonly kubernetesVersion: string | undefined;
  readonly nodeName: string | undefined;
  readonly imageRepository: string | undefined;
}

/** Flags by the fields they set, for messages. */
const FLAG_NAMES = {
  'spec.kubernetesVersion': '--kubernetes-version',
  'spec.controlPlaneEndpoint.host': '--control-plane-endpoint',
  'spec.controlPlaneEndpoint.port': '--control-plane-endpoint',
  'spec.hosts[0].name': '--node-name (default: the host name)',
  'spec.hosts[0].address': '--apiserver-advertise-address',
  'spec.network.podSubnet': '--pod-network-cidr',
  'spec.network.serviceSubnet': '--service-cidr',
  'spec.network.dnsDomain': '--service-dns-domain',
  'spec.imageRepository': '--image-repository',
  'spec.artifacts.path': '--bundle',
  'spec.artifacts.url': '--mirror',
} as const;

/**
 * The cluster that flags describe: this machine is its only host and a control plane. Everything else is as in a cluster file.
 * @param machine how this machine is called and reached
 * @throws KbsError USAGE, CONFIG_INVALID, CONFIG_NOT_FOUND
 */
export function initSpec(settings: InitSettings, machine: { readonly name: string; readonly address: string }): Promise<ComposedCluster> {
  const { controlPlaneEndpoint, podSubnet, serviceSubnet, dnsDomain, bundle, mirror } = settings;
  return composeClusterSpec({
    fragmentFile: settings.fragmentFile,
    names: FLAG_NAMES,
    overlay: {
      spec: {
        hosts: [{ name: machine.name, address: machine.address, roles: ['control-plane'] }],
        kubernetesVersion: settings.kubernetesVersion,
        imageRepository: settings.imageRepository,
        controlPlaneEndpoint: controlPlaneEndpoint === undefined ? undefined : parseEndpoint(controlPlaneEndpoint),
        network: { podSubnet, serviceSubnet, dnsDomain },
        artifacts: artifactsOf({ bundle: bundle === undefined ? undefined : resolve(bundle), mirror }),
      },
    },
  });
}
