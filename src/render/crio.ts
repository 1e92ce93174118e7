import { PATHS, runtimeClass } from '../constants/index.js';
import { renderTemplate } from './template.js';
import type { CrioConfigInput, RegistryInput } from './types.js';

/** Source: kata-deploy.sh of Kata 3.1. */
const KATA = {
  name: runtimeClass('kata').handler,
  path: PATHS.kataShimLink,
  root: PATHS.kataStateDir,
  configPath: PATHS.kataConfig,
} as const;

/** Drop-in of CRI-O 1.25: unlike containerd's, it replaces key by key. */
export function renderCrioConfig({ cgroupDriver, hasCredentials = false, runtimeClasses = [], ...input }: CrioConfigInput): string {
  return renderTemplate('crio.conf', {
    ...input,
    cgroupManager: cgroupDriver,
    conmonCgroup: cgroupDriver === 'cgroupfs' ? 'pod' : '',
    stateDir: PATHS.containersStateDir,
    runStateDir: PATHS.containersRunDir,
    runDir: PATHS.crioRunDir,
    socket: PATHS.crioSocket,
    policy: PATHS.crioPolicy,
    handlers: runtimeClasses.includes('kata') ? [KATA] : [],
    auth: hasCredentials ? PATHS.crioRegistryAuth : '',
    cniBinDir: PATHS.cniBinDir,
    cniConfigDir: PATHS.cniConfigDir,
  });
}

/** Unit of CRI-O, for the program at this absolute path. */
export function renderCrioUnit(input: { readonly binary: string }): string {
  return renderTemplate('crio.service', input);
}

/** A mirror as registries.conf has it: without a scheme, http being a kind of insecure. */
function mirror(url: string, skipVerify: boolean): { readonly location: string; readonly insecure: string } {
  const { protocol, host, pathname } = new URL(url);
  return { location: `${host}${pathname.replace(/\/$/, '')}`, insecure: String(skipVerify || protocol === 'http:') };
}

/** registries.conf (format version 2): short names, and the mirrors of registries. */
export function renderContainersRegistries(registries: readonly Pick<RegistryInput, 'host' | 'mirrors' | 'insecureSkipVerify'>[]): string {
  return renderTemplate('containers-registries.conf', {
    registries: registries.map(({ host, mirrors, insecureSkipVerify }) => ({
      prefix: host,
      location: host,
      // With mirrors the word is about them, as with the other runtimes.
      insecure: String(insecureSkipVerify && mirrors.length === 0),
      mirrors: mirrors.map((url) => mirror(url, insecureSkipVerify)),
    })),
  });
}

/** policy.json: without one, nothing can be pulled or loaded. */
export function renderSignaturePolicy(): string {
  return `${JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }, null, 2)}\n`;
}
