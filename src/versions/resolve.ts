import semver from 'semver';
import { etcdTopology, runtimeChoices, type RuntimeChoice } from '../constants/index.js';
import { KbsError } from '../errors/index.js';
import { versionsIn } from './catalogue.js';
import {
  CALICO_REPOSITORY,
  clusterImages,
  ENDPOINT_REPOSITORIES,
  imagesFor,
  KUBE_ROUTER_REPOSITORY,
  knownFlannelRelease,
  kubernetesRepositories,
  tagOf,
  usesKubeRouter,
} from './images.js';
import { DEFAULT_VERSIONS, flannelRelease, kubernetesRelease, SUPPORTED_KUBERNETES } from './releases.js';
import type { ArtifactName, Catalogue, ComponentVersions, VersionRequest } from './types.js';

/** What is wanted of a component: the version asked for must be had, the preferred one need not. */
interface Wish {
  readonly asked?: string | undefined;
  readonly preferred: string;
}

function missing(what: string, catalogue: Catalogue, has: readonly string[]): KbsError {
  return new KbsError('ARTIFACT_MISSING', `${what} is not in ${catalogue.source}`, {
    details: [has.length === 0 ? 'it has no version of it' : `it has: ${has.join(', ')}`],
    remedy: ['ask for a version that is there, in the cluster file', 'use another artifacts.source in the cluster file'],
  });
}

/** Versions may be image tags (`3.5.4-0`, `2.40`), so they are compared loosely. */
function newest(versions: readonly string[]): string | undefined {
  const order = (version: string): semver.SemVer => semver.coerce(version) ?? new semver.SemVer('0.0.0');
  return [...versions].sort((one, other) => semver.rcompare(order(one), order(other)))[0];
}

/** What the cluster file asks for > the preferred version if it is there > the newest that is there. */
function choose(what: string, wish: Wish, has: readonly string[], catalogue: Catalogue): string {
  const { asked, preferred } = wish;
  if (asked !== undefined && !has.includes(asked)) throw missing(`${what} ${asked}`, catalogue, has);
  const chosen = asked ?? (has.includes(preferred) ? preferred : newest(has));
  if (chosen === undefined) throw missing(what, catalogue, has);
  return chosen;
}

function artifactVersion(name: ArtifactName, wish: Wish, catalogue: Catalogue): string {
  return choose(name, { ...wish, asked: wish.asked?.replace(/^v/, '') }, versionsIn(catalogue, name), catalogue);
}

function tagsIn(catalogue: Catalogue, repository: string): readonly string[] {
  const prefix = `${repository}:`;
  return Object.keys(catalogue.images)
    .filter((reference) => reference.startsWith(prefix))
    .map((reference) => reference.slice(prefix.length));
}

/** A catalogue without images leaves the choice free: any tag can be pulled. */
function imageTag(repository: string, wish: Wish, catalogue: Catalogue): string {
  if (Object.keys(catalogue.images).length === 0) return wish.asked ?? wish.preferred;
  return choose(`image ${repository}`, wish, tagsIn(catalogue, repository), catalogue);
}

function kubernetesVersion(spec: VersionRequest, catalogue: Catalogue): string {
  const asked = spec.kubernetesVersion;
  for (const name of ['kubelet', 'kubectl'] as const) artifactVersion(name, { asked, preferred: asked }, catalogue);
  return asked;
}

function flannelVersion(spec: VersionRequest, catalogue: Catalogue): string {
  const wish: Wish = { asked: spec.network.cni.version, preferred: DEFAULT_VERSIONS.flannel };
  if (spec.network.cni.type !== 'flannel' || Object.keys(catalogue.images).length === 0) return wish.asked ?? wish.preferred;
  const has = Object.keys(catalogue.images)
    .map((reference) => ({ reference, tag: tagOf(reference) }))
    .filter(({ reference, tag }) => reference === `${flannelRelease(tag)?.repository}:${tag}`)
    .map(({ tag }) => tag);
  return choose('flannel', wish, has, catalogue);
}

function calicoVersion(spec: VersionRequest, catalogue: Catalogue): string {
  const { calico } = DEFAULT_VERSIONS;
  return spec.network.cni.type === 'calico' ? imageTag(`${CALICO_REPOSITORY}/node`, { preferred: calico }, catalogue) : calico;
}

/** Both programs of one release. */
function gvisorVersion({ runtimeClasses = [] }: VersionRequest, catalogue: Catalogue): string {
  const { gvisor } = DEFAULT_VERSIONS;
  if (!runtimeClasses.includes('gvisor')) return gvisor;
  const version = artifactVersion('runsc', { preferred: gvisor }, catalogue);
  return artifactVersion('containerd-shim-runsc-v1', { asked: version, preferred: version }, catalogue);
}

function kataVersion({ runtimeClasses = [] }: VersionRequest, catalogue: Catalogue): string {
  const { kata } = DEFAULT_VERSIONS;
  return runtimeClasses.includes('kata') ? artifactVersion('kata-containers', { preferred: kata }, catalogue) : kata;
}

/** What no host needs need not be had. */
function runtimeVersions(
  spec: VersionRequest,
  catalogue: Catalogue,
): Pick<ComponentVersions, 'containerd' | 'runc' | 'criDockerd' | 'crio'> {
  const choices = runtimeChoices(spec);
  const version = (name: ArtifactName, wish: Wish, needs: (choice: RuntimeChoice) => boolean): string =>
    choices.some(needs) ? artifactVersion(name, wish, catalogue) : (wish.asked ?? wish.preferred);
  const { version: containerd, runcVersion, criDockerdVersion, crioVersion } = spec.containerRuntime;
  const hasContainerd = ({ type, install }: RuntimeChoice): boolean => type === 'containerd' && install === 'artifact';
  return {
    containerd: version('containerd', { asked: containerd, preferred: DEFAULT_VERSIONS.containerd }, hasContainerd),
    runc: version('runc', { asked: runcVersion, preferred: DEFAULT_VERSIONS.runc }, hasContainerd),
    criDockerd: version(
      'cri-dockerd',
      { asked: criDockerdVersion, preferred: DEFAULT_VERSIONS.criDockerd },
      ({ type }) => type === 'docker',
    ),
    crio: version('cri-o', { asked: crioVersion, preferred: DEFAULT_VERSIONS.crio }, ({ type }) => type === 'cri-o'),
  };
}

/** The image where the control planes run etcd, the release where hosts of its own do; what is not needed need not be had. */
function etcdVersions(spec: VersionRequest, tag: string, catalogue: Catalogue): Pick<ComponentVersions, 'etcd' | 'etcdRelease'> {
  const topology = etcdTopology(spec);
  const release = tag.replace(/-\d+$/, '');
  return {
    etcd: topology === 'stacked' ? imageTag(kubernetesRepositories(spec.imageRepository).etcd, { preferred: tag }, catalogue) : tag,
    etcdRelease: topology === 'hosts' ? artifactVersion('etcd', { preferred: release }, catalogue) : release,
  };
}

/** With a catalogue that lists images, hosts may have no registry: each image must be in it. */
function requireImages(spec: VersionRequest, versions: ComponentVersions, catalogue: Catalogue): void {
  const listed = Object.keys(catalogue.images);
  if (listed.length === 0) return;
  const images = clusterImages(spec, versions);
  const needed = new Set([...imagesFor('control-plane', spec, images), ...imagesFor('worker', spec, images)]);
  const absent = [...needed].filter((reference) => !listed.includes(reference));
  if (absent.length > 0) throw missing(`image ${absent.join(', ')}`, catalogue, listed);
}

/**
 * Decides on one version of every component: what the cluster file asks for, else kbs's default if the catalogue in
 * force has it, else the newest version it has.
 * @throws KbsError ARTIFACT_MISSING with what the catalogue has; CONFIG_INVALID for a version kbs does not know
 */
export function resolveVersions(spec: VersionRequest, catalogue: Catalogue): ComponentVersions {
  const release = kubernetesRelease(spec.kubernetesVersion);
  if (release === undefined) {
    throw new KbsError('CONFIG_INVALID', `Kubernetes ${spec.kubernetesVersion} is not supported: kbs makes ${SUPPORTED_KUBERNETES}`);
  }
  const repositories = kubernetesRepositories(spec.imageRepository);
  const kubernetes = kubernetesVersion(spec, catalogue);
  const flannel = flannelVersion(spec, catalogue);
  const provider = spec.controlPlaneEndpoint?.provider;
  const { haproxy, kubeRouter, kubeVip } = DEFAULT_VERSIONS;
  const versions: ComponentVersions = {
    kubernetes,
    ...etcdVersions(spec, release.etcd, catalogue),
    coredns: imageTag(repositories.coredns, { preferred: release.coredns }, catalogue),
    pause: imageTag(repositories.pause, { preferred: release.pause }, catalogue),
    ...runtimeVersions(spec, catalogue),
    cniPlugins: artifactVersion('cni-plugins', { preferred: DEFAULT_VERSIONS.cniPlugins }, catalogue),
    crictl: artifactVersion('crictl', { preferred: DEFAULT_VERSIONS.crictl }, catalogue),
    flannel,
    flannelCniPlugin: knownFlannelRelease(flannel).cniPluginTag,
    calico: calicoVersion(spec, catalogue),
    gvisor: gvisorVersion(spec, catalogue),
    kata: kataVersion(spec, catalogue),
    kubeRouter: usesKubeRouter(spec) ? imageTag(KUBE_ROUTER_REPOSITORY, { preferred: kubeRouter }, catalogue) : kubeRouter,
    agnhost: imageTag(repositories.agnhost, { preferred: DEFAULT_VERSIONS.agnhost }, catalogue),
    haproxy: provider === 'local-lb' ? imageTag(ENDPOINT_REPOSITORIES.haproxy, { preferred: haproxy }, catalogue) : haproxy,
    kubeVip: provider === 'kube-vip' ? imageTag(ENDPOINT_REPOSITORIES.kubeVip, { preferred: kubeVip }, catalogue) : kubeVip,
  };
  requireImages(spec, versions, catalogue);
  return versions;
}
