import { hostPort, PATHS, PORTS } from '../constants/index.js';
import { Secret } from '../secret/index.js';
import { renderTemplate } from './template.js';

/** Input of haproxy.cfg. */
export interface HaproxyInput {
  /** `service`: the distribution's service on every address; `pod`: on loopback for one node. */
  readonly kind: 'service' | 'pod';
  /** Port it listens on. */
  readonly port: number;
  /** API servers it spreads connections over. */
  readonly apiServers: readonly { readonly name: string; readonly address: string }[];
  /** Whether API servers tell everybody how they are; without it only their TLS is tried. */
  readonly asksReadyz: boolean;
}

/** Page of haproxy's health port with what it sees of the API servers; `;csv` behind it for programs. */
export const HAPROXY_STATS_PATH = '/stats';

/** haproxy.cfg for haproxy 2.2 and later: TCP to API servers that say they are ready, checked over TLS with the cluster's CA. */
export function renderHaproxy({ kind, port, apiServers, asksReadyz }: HaproxyInput): string {
  return renderTemplate('haproxy.cfg', {
    isService: kind === 'service',
    bind: kind === 'service' ? `*:${port}` : hostPort('127.0.0.1', port),
    healthBind: hostPort('127.0.0.1', PORTS.endpointHealth),
    statsPath: HAPROXY_STATS_PATH,
    caPath: PATHS.caCertificate,
    asksReadyz,
    servers: apiServers.map(({ name, address }) => ({ name, address: hostPort(address, PORTS.apiServer) })),
  });
}

/** Input of keepalived.conf. */
export interface KeepalivedInput {
  readonly nodeName: string;
  /** This host's own. */
  readonly address: string;
  /** The other control planes'. */
  readonly peers: readonly string[];
  readonly interface: string;
  readonly virtualAddress: string;
  readonly virtualRouterId: number;
  /** Shared by the control planes; eight characters, more are not read. */
  readonly password: Secret;
}

/**
 * A number of the host's own that stays when others come and go: two hosts with the same would both take the address at once
 * and settle it afterwards.
 */
function priorityOf(address: string): number {
  return 100 + (Number(address.split('.').at(-1)) % 100);
}

/** keepalived.conf: any control plane may hold the address, and keeps it until it fails (keepalived 2.0 and later). */
export function renderKeepalived({ nodeName, password, ...input }: KeepalivedInput): Secret {
  return new Secret(
    renderTemplate('keepalived.conf', {
      ...input,
      routerId: nodeName,
      checkScript: PATHS.keepalivedCheck,
      priority: priorityOf(input.address),
      password: password.reveal(),
    }),
  );
}

/** What every file has in it that kbs writes to a place where others might write, too. */
export const FILE_MARK = 'Written by kbs';

/** The password in a keepalived.conf of kbs; undefined in one of somebody else. */
export function keepalivedPassword(text: Secret): Secret | undefined {
  const config = text.reveal();
  const password = config.includes(FILE_MARK) ? /^\s*auth_pass\s+(\S+)\s*$/m.exec(config)?.[1] : undefined;
  return password === undefined ? undefined : new Secret(password);
}

/** The script by which keepalived knows whether its host may hold the address. */
export function renderEndpointCheck(): string {
  return renderTemplate('check-endpoint', { port: PORTS.endpointHealth });
}

/** Input of the static pod of the load balancer of a node. */
export interface LocalLbInput {
  readonly image: string;
  /** sha256 of its haproxy.cfg: another one starts the pod anew. */
  readonly configDigest: string;
}

/** Static pod of the load balancer of a node. @throws KbsError INTERNAL */
export function renderLocalLb(input: LocalLbInput): string {
  return renderTemplate('local-lb.yaml', {
    ...input,
    port: PORTS.apiServer,
    configPath: PATHS.localLbConfig,
    caPath: PATHS.caCertificate,
  });
}

/** Input of the static pod of kube-vip. */
export interface KubeVipInput {
  readonly image: string;
  readonly virtualAddress: string;
  readonly interface: string;
}

/** Static pod of kube-vip 0.5: the address by ARP, held by the control plane that has the lease. @throws KbsError INTERNAL */
export function renderKubeVip({ image, virtualAddress, interface: vipInterface }: KubeVipInput): string {
  const environment: Readonly<Record<string, string>> = {
    vip_arp: 'true',
    port: String(PORTS.apiServer),
    vip_interface: vipInterface,
    vip_cidr: '32',
    cp_enable: 'true',
    cp_namespace: 'kube-system',
    vip_ddns: 'false',
    svc_enable: 'false',
    vip_leaderelection: 'true',
    vip_leaseduration: '5',
    vip_renewdeadline: '3',
    vip_retryperiod: '1',
    address: virtualAddress,
  };
  return renderTemplate('kube-vip.yaml', {
    image,
    kubeconfig: PATHS.adminKubeconfig,
    environment: Object.entries(environment).map(([name, value]) => ({ name, value })),
  });
}
