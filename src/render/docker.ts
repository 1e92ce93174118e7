import { PATHS } from '../constants/index.js';
import { renderTemplate } from './template.js';
import type { DockerConfigInput } from './types.js';

/** Logs of one container, as much as the kubelet keeps of other runtimes: with Docker it leaves that to dockerd. Source: kubelet v1.25 defaults. */
const LOG_LIMITS = { 'max-size': '10m', 'max-file': '5' } as const;

/** daemon.json of Docker Engine 20.10 and later. */
export function renderDockerConfig({ cgroupDriver, registries }: DockerConfigInput): string {
  const mirrors = registries.flatMap((registry) => (registry.host === 'docker.io' ? registry.mirrors : []));
  const insecure = registries
    .filter(({ insecureSkipVerify }) => insecureSkipVerify)
    .flatMap((registry) => (registry.mirrors.length === 0 ? [registry.host] : registry.mirrors.map((url) => new URL(url).host)));
  const config = {
    'exec-opts': [`native.cgroupdriver=${cgroupDriver}`],
    // Pods outlive a restart of dockerd, as they do with the other runtimes.
    'live-restore': true,
    'log-driver': 'json-file',
    'log-opts': LOG_LIMITS,
    'storage-driver': 'overlay2',
    ...(mirrors.length === 0 ? {} : { 'registry-mirrors': mirrors }),
    ...(insecure.length === 0 ? {} : { 'insecure-registries': [...new Set(insecure)] }),
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** Unit of cri-dockerd. */
export function renderCriDockerUnit(input: { readonly binary: string; readonly pauseImage: string }): string {
  return renderTemplate('cri-docker.service', { ...input, cniBinDir: PATHS.cniBinDir, cniConfigDir: PATHS.cniConfigDir });
}

/** Unit of cri-dockerd's socket. */
export function renderCriDockerSocket(): string {
  return renderTemplate('cri-docker.socket', { socket: PATHS.criDockerdSocket });
}
