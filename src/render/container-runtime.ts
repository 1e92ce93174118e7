import { PATHS } from '../constants/index.js';
import { renderTemplate } from './template.js';
import type { ContainerdConfigInput, ProxyInput, RunscConfigInput } from './types.js';

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
    runscConfig: input.hasGvisor === true ? PATHS.runscConfig : '',
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
