import { PATHS, runtimeClass, type RuntimeClassName } from '../constants/index.js';
import { renderTemplate } from './template.js';
import type { ContainerdConfigInput, ProxyInput, RunscConfigInput } from './types.js';

/** How containerd starts the pods of a class. */
interface ContainerdHandler {
  readonly runtimeType: string;
  /** Type of the shim's options; without one they are those of the CRI plugin. */
  readonly typeUrl: string;
  readonly configPath: string;
  /** Annotations of pods that the shim gets. */
  readonly podAnnotations: string;
  /** It has devices of its own. */
  readonly hasOwnDevices: boolean;
}

/** Source: gVisor's guide to containerd; docs/how-to/containerd-kata.md of Kata 3.1. */
const HANDLERS: Readonly<Record<RuntimeClassName, ContainerdHandler>> = {
  gvisor: {
    runtimeType: 'io.containerd.runsc.v1',
    typeUrl: 'io.containerd.runsc.v1.options',
    configPath: PATHS.runscConfig,
    podAnnotations: '',
    hasOwnDevices: false,
  },
  kata: {
    runtimeType: 'io.containerd.kata.v2',
    typeUrl: '',
    // Named, or a configuration in /etc/kata-containers would come first.
    configPath: PATHS.kataConfig,
    podAnnotations: 'io.katacontainers.*',
    hasOwnDevices: true,
  },
};

/** config.toml of containerd 1.6 and 1.7 (format version 2): one file, because a drop-in would reset the tables it touches. */
export function renderContainerdConfig(input: ContainerdConfigInput): string {
  return renderTemplate('containerd-config.toml', {
    stateDir: PATHS.containerdStateDir,
    // Its default, /opt/containerd, would be a second place to clean up.
    optDir: `${PATHS.containerdStateDir}/opt`,
    pauseImage: input.pauseImage,
    restrictOomScoreAdj: String(input.restrictOomScoreAdj),
    systemdCgroup: String(input.cgroupDriver === 'systemd'),
    cniBinDir: PATHS.cniBinDir,
    cniConfigDir: PATHS.cniConfigDir,
    registriesDir: PATHS.containerdRegistriesDir,
    handlers: (input.runtimeClasses ?? []).map((name) => ({ name: runtimeClass(name).handler, ...HANDLERS[name] })),
  });
}

/** Configuration of gVisor's shim for containerd. */
export function renderRunscConfig({ platform = '', network, cgroupDriver }: RunscConfigInput): string {
  return renderTemplate('runsc.toml', { binary: PATHS.runscBinary, network, platform, systemdCgroup: String(cgroupDriver === 'systemd') });
}

/** Unit of containerd, for the program at this absolute path. */
export function renderContainerdUnit(input: { readonly binary: string }): string {
  return renderTemplate('containerd.service', input);
}

/** Drop-in with the proxy of a service. In units a percent sign begins a specifier. */
export function renderProxyDropIn(input: ProxyInput): string {
  const { httpProxy, httpsProxy, noProxy } = input;
  const values = { HTTP_PROXY: httpProxy, HTTPS_PROXY: httpsProxy, NO_PROXY: noProxy.join(',') };
  const variables = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value.replaceAll('%', '%%')}`],
  );
  return renderTemplate('proxy.conf', { variables });
}

/** crictl.yaml. @throws KbsError INTERNAL when the result is no YAML */
export function renderCrictlConfig(input: { readonly criSocket: string }): string {
  return renderTemplate('crictl.yaml', input);
}
