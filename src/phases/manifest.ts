import { readFileSync } from 'node:fs';
import { PACKAGE_ROOT } from '../constants/index.js';
import type { KubeObject } from '../kube/index.js';
import { parseYamlStream } from '../yaml/index.js';

/** Files of `manifests/`. */
export type ManifestName = 'bootstrap' | 'calico' | 'calico-typha' | 'coredns' | 'flannel' | 'kube-proxy' | 'kube-router';

/** A container of a pod template, as far as code fills it in. */
export interface ContainerPatch {
  readonly image: string;
  /** Put behind the manifest's own arguments. */
  readonly extraArgs?: readonly string[];
  /** Put behind the manifest's own environment. */
  readonly extraEnv?: Readonly<Record<string, string>>;
  /** Further fields of the container. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

interface Container {
  readonly name: string;
  readonly args?: readonly string[];
  readonly env?: readonly object[];
  readonly [field: string]: unknown;
}

/** Spec of a pod template, as far as code changes it. */
interface PodSpec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes: readonly object[];
}

interface WorkloadSpec {
  readonly template: { readonly spec: PodSpec };
}

/** The objects of a manifest, new ones each time. Dynamic parts are not in them yet. */
export function readManifest(name: ManifestName): readonly KubeObject[] {
  return parseYamlStream(readFileSync(`${PACKAGE_ROOT}manifests/${name}.yaml`, 'utf8')) as readonly KubeObject[];
}

/** The object of a kind (and name, when the manifest has several), changed; the others as they are. */
export function mapObject(objects: readonly KubeObject[], kind: string, change: (object: KubeObject) => KubeObject): readonly KubeObject[] {
  if (!objects.some((object) => object.kind === kind)) throw new Error(`the manifest has no ${kind}`);
  return objects.map((object) => (object.kind === kind ? change(object) : object));
}

/** An object with fields of its spec replaced. */
export function withSpec(object: KubeObject, fields: Readonly<Record<string, unknown>>): KubeObject {
  return { ...object, spec: { ...(object['spec'] as object), ...fields } };
}

/** A workload with the spec of its pods changed. */
export function withPodSpec(workload: KubeObject, change: (spec: PodSpec) => PodSpec): KubeObject {
  const { template } = workload['spec'] as WorkloadSpec;
  return withSpec(workload, { template: { ...template, spec: change(template.spec) } });
}

/** A workload with every container filled in; both ways round, none may be left over. */
export function withContainers(workload: KubeObject, patches: Readonly<Record<string, ContainerPatch>>): KubeObject {
  const left = new Set(Object.keys(patches));
  const fill = (container: Container): Container => {
    const patch = patches[container.name];
    if (patch === undefined) throw new Error(`container ${container.name} of ${workload.metadata.name} is not filled in`);
    left.delete(container.name);
    const { image, extraArgs = [], extraEnv = {}, fields = {} } = patch;
    const changed: Container = { ...container, ...fields, image };
    const args = [...(changed.args ?? []), ...extraArgs];
    const env = [...(changed.env ?? []), ...Object.entries(extraEnv).map(([name, value]) => ({ name, value }))];
    return { ...changed, ...(args.length === 0 ? {} : { args }), ...(env.length === 0 ? {} : { env }) };
  };
  const filled = withPodSpec(workload, ({ containers, initContainers, ...spec }) => ({
    ...spec,
    ...(initContainers === undefined ? {} : { initContainers: initContainers.map(fill) }),
    containers: containers.map(fill),
  }));
  if (left.size > 0) throw new Error(`${workload.metadata.name} has no container ${[...left].join(', ')}`);
  return filled;
}

/** A ConfigMap. */
export function configMap(
  metadata: KubeObject['metadata'] & { readonly namespace: string },
  data: Readonly<Record<string, string>>,
): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data };
}

interface PodFields {
  readonly spec?: { readonly containers?: readonly { readonly command?: readonly string[]; readonly args?: readonly string[] }[] };
}

/** The value of a flag of a static pod; undefined without it, or when the text is no pod. */
export function flagOf(manifest: string, flag: string): string | undefined {
  const [pod] = parseYamlStream(manifest) as readonly (PodFields | null)[];
  const { command = [], args = [] } = pod?.spec?.containers?.[0] ?? {};
  return [...command, ...args].find((part) => part.startsWith(`--${flag}=`))?.slice(flag.length + 3);
}
