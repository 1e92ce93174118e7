import { join } from 'node:path';
import { KbsError } from '../errors/index.js';
import { lookUpHost } from './config-file.js';
import type { SshTarget } from './options.js';

const DEFAULT_TIMEOUT_SECONDS = 20;
const DEFAULT_PORT = 22;
const DEFAULT_KEYS = ['id_ed25519', 'id_ecdsa', 'id_rsa'] as const;
const GLOBAL_KNOWN_HOSTS = '/etc/ssh/ssh_known_hosts';
const WINDOWS_AGENT = '\\\\.\\pipe\\openssh-ssh-agent';
/** Longest chain of jump hosts; a longer one is a circle in the configuration. */
const MOST_JUMPS = 8;

/** Everything needed to log in somewhere. */
export interface SshSettings {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Key files somebody named, most important first. */
  readonly identityFiles: readonly string[];
  /** Key files tried when they exist. */
  readonly defaultIdentityFiles: readonly string[];
  /** Of the agent's keys only those named by a file. */
  readonly identitiesOnly: boolean;
  /** Socket of the agent, or `pageant`. */
  readonly agent: string | undefined;
  /** The first takes new keys. */
  readonly knownHostsFiles: readonly string[];
  readonly connectTimeoutMs: number;
  /** Jump host in front. */
  readonly via: SshSettings | undefined;
}

/** What settings are made from besides the target. */
export interface SettingsSources {
  /** `~/.ssh/config` with its includes, followed by the system's. */
  readonly configText: string;
  readonly homeDirectory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
}

/**
 * The cluster file first, then `~/.ssh/config`, then defaults.
 * @throws KbsError CONFIG_INVALID for a ProxyJump that cannot be read or goes in a circle
 */
export function resolveSettings(target: SshTarget, sources: SettingsSources): SshSettings {
  return resolve(target, sources, 0);
}

function resolve(target: SshTarget, sources: SettingsSources, depth: number): SshSettings {
  if (depth > MOST_JUMPS) throw new KbsError('CONFIG_INVALID', `the jump hosts of ${target.address} go in a circle`);
  const configured = lookUpHost(sources.configText, target.address);
  const host = configured.hostName ?? target.address;
  const port = target.port ?? configured.port ?? DEFAULT_PORT;
  const user = target.user ?? configured.user ?? 'root';
  const expand = (path: string): string => expandPath(path, { host, port, user }, sources);
  // `Host *` with a ProxyJump holds for the jump host itself too, which needs none; OpenSSH sees it the same way.
  const isElsewhere = (jump: SshTarget): boolean => jump.address !== target.address && jump.address !== host;
  const named = [...(target.identityFile === undefined ? [] : [target.identityFile]), ...configured.identityFiles];
  const jumps = target.bastion ? [withTimeout(target.bastion, target)] : parseProxyJump(configured.proxyJump).filter(isElsewhere);
  return {
    host,
    port,
    user,
    identityFiles: [...new Set(named.map(expand))],
    defaultIdentityFiles: DEFAULT_KEYS.map((name) => join(sources.homeDirectory, '.ssh', name)),
    identitiesOnly: configured.identitiesOnly,
    agent: findAgent(configured.identityAgent, expand, sources),
    knownHostsFiles: knownHostsFiles(target, configured.userKnownHostsFiles, sources).map(expand),
    connectTimeoutMs: (target.connectTimeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) * 1000,
    via: resolveJumps(jumps, target, sources, depth),
  };
}

/** A jump host uses what the hosts use where it says nothing itself. */
function withTimeout(bastion: NonNullable<SshTarget['bastion']>, target: SshTarget): SshTarget {
  return { ...bastion, user: bastion.user ?? target.user, identityFile: bastion.identityFile ?? target.identityFile };
}

/** `a,b`: first a, from there b. The first jump may have jump hosts of its own in the configuration. */
function resolveJumps(jumps: readonly SshTarget[], target: SshTarget, sources: SettingsSources, depth: number): SshSettings | undefined {
  let via: SshSettings | undefined;
  for (const jump of jumps) {
    const full = { knownHostsFile: target.knownHostsFile, connectTimeoutSeconds: target.connectTimeoutSeconds, ...jump };
    const settings = resolve(full, sources, depth + 1);
    via = via === undefined ? settings : { ...settings, via };
  }
  return via;
}

/** `[user@]host[:port]` or `ssh://…`, several with commas; `none` for no jump. */
export function parseProxyJump(text: string | undefined): readonly SshTarget[] {
  if (text === undefined || text.toLowerCase() === 'none') return [];
  return text.split(',').map((part) => {
    const match = /^(?:ssh:\/\/)?(?:([^@]+)@)?(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(part.trim());
    const address = match?.[2] ?? match?.[3];
    if (!match || address === undefined) throw new KbsError('CONFIG_INVALID', `ProxyJump ${text} in the SSH configuration cannot be read`);
    return { address, user: match[1], port: match[4] === undefined ? undefined : Number(match[4]) };
  });
}

function knownHostsFiles(
  target: SshTarget,
  configured: readonly string[] | undefined,
  { homeDirectory }: SettingsSources,
): readonly string[] {
  if (target.knownHostsFile !== undefined) return [target.knownHostsFile];
  return [...(configured ?? [join(homeDirectory, '.ssh', 'known_hosts')]), GLOBAL_KNOWN_HOSTS];
}

function findAgent(configured: string | undefined, expand: (path: string) => string, sources: SettingsSources): string | undefined {
  const fromEnv = sources.env.SSH_AUTH_SOCK || undefined;
  if (configured === 'none') return undefined;
  if (configured !== undefined && configured !== 'SSH_AUTH_SOCK') {
    return configured.startsWith('$') ? sources.env[configured.replace(/^\$\{?|\}$/g, '')] : expand(configured);
  }
  return fromEnv ?? (sources.platform === 'win32' ? WINDOWS_AGENT : undefined);
}

/** Tilde and the percent tokens that make sense in file names. Source: ssh_config(5), TOKENS. */
function expandPath(
  path: string,
  to: { readonly host: string; readonly port: number; readonly user: string },
  sources: SettingsSources,
): string {
  const tokens: Readonly<Record<string, string>> = {
    '%': '%',
    d: sources.homeDirectory,
    h: to.host,
    p: String(to.port),
    r: to.user,
    u: sources.env.USER ?? '',
  };
  const expanded = path.replaceAll(/%([%dhpru])/g, (all, token: string) => tokens[token] ?? all);
  return expanded.replace(/^~(?=$|[\\/])/, sources.homeDirectory);
}

/** For messages: `core@10.0.0.11:22 via jump@bastion:22`. */
export function describeTarget(settings: SshSettings): string {
  const own = `${settings.user}@${settings.host.includes(':') ? `[${settings.host}]` : settings.host}:${settings.port}`;
  return settings.via ? `${own} via ${describeTarget(settings.via)}` : own;
}
