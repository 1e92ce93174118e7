import { endpointOf } from '../../config/index.js';
import { PATHS } from '../../constants/index.js';
import type { AnyStep } from '../../engine/index.js';
import { renderProxyDropIn } from '../../render/index.js';
import { removeFilesStep, type FileSpec } from '../../steps/index.js';
import type { RunContext } from '../context.js';

type Spec = RunContext['spec'];

/** Drop-in with the proxy of a service that pulls images. */
function proxyPath(unit: string): string {
  return `${PATHS.systemdDir}/${unit}.d/50-kbs-proxy.conf`;
}

/** What is reached without the proxy in every cluster: the nodes, the API, pods and services. */
function directTargets(spec: Spec): readonly string[] {
  const { podSubnet, serviceSubnet, dnsDomain } = spec.network;
  const own = ['localhost', '127.0.0.0/8', endpointOf(spec).host, ...spec.hosts.map(({ address }) => address)];
  return [...own, podSubnet, serviceSubnet, '.svc', `.${dnsDomain}`];
}

/** The drop-in of a service; empty where images are pulled without a proxy. */
export function proxyFiles(spec: Spec, unit: string): readonly FileSpec[] {
  const { proxy } = spec.containerRuntime;
  if (proxy === undefined) return [];
  const noProxy = [...new Set([...directTargets(spec), ...proxy.noProxy])];
  return [{ path: proxyPath(unit), content: renderProxyDropIn({ ...proxy, noProxy }), mode: 0o644 }];
}

/** What of these files its proxy tells the service: it reads that when it starts. */
export function proxyInputs(files: readonly FileSpec[], unit: string): readonly string[] {
  return files.flatMap(({ path }) => (path === proxyPath(unit) ? [path] : []));
}

/** A proxy that is no longer wanted goes; the service is restarted because systemd sees its unit changed. */
export function noProxyStep(files: readonly FileSpec[], unit: string): AnyStep {
  return removeFilesStep({
    id: 'runtime/no-proxy',
    title: 'Pull images without a proxy',
    paths: proxyInputs(files, unit).length > 0 ? [] : [proxyPath(unit)],
  });
}
