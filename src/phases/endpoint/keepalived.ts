import { controlPlanes, endpointOf } from '../../config/index.js';
import { PATHS, PORTS, UNITS } from '../../constants/index.js';
import type { AnyStep } from '../../engine/index.js';
import { httpStatus, type Host } from '../../host/index.js';
import { renderEndpointCheck, renderHaproxy, renderKeepalived } from '../../render/index.js';
import { filesStep, packageStep, sha256Of, unitStep } from '../../steps/index.js';
import type { RunContext } from '../context.js';
import { haproxyServers } from './local-lb.js';
import { noteAddressStep, virtualInterface } from './virtual-address.js';

type Slice = Pick<RunContext, 'spec' | 'vrrp'>;

/** Usual number of a VRRP group where nobody has chosen one. */
const DEFAULT_ROUTER_ID = 51;

/** Packages of the distribution that make the endpoint. */
export const KEEPALIVED_PACKAGES: readonly string[] = ['haproxy', 'keepalived'];

/** Files of the provider on a control plane. */
export const KEEPALIVED_FILES: readonly string[] = [PATHS.keepalivedConfig, PATHS.keepalivedCheck, PATHS.haproxyConfig];

/** haproxy's user, its sockets, the register of ucf and the linker's cache, of Debian's packages. */
const TOUCHED_FILES: readonly string[] = [
  ...['passwd', 'group', 'shadow', 'gshadow'].map((name) => `/etc/${name}-`),
  ...['adduser', 'haproxy.pid', 'haproxy-master.sock'].map((name) => `/run/${name}`),
  ...['', '.0', '.1', '.2', '.3', '.4', '.5', '.6'].map((suffix) => `/var/lib/ucf/hashfile${suffix}`),
  '/var/cache/ldconfig/aux-cache',
];

async function configurations({ spec, vrrp }: Slice, host: Host) {
  const { host: virtualAddress, port } = endpointOf(spec);
  return {
    haproxy: renderHaproxy({ kind: 'service', port, ...haproxyServers(spec) }),
    check: renderEndpointCheck(),
    keepalived: renderKeepalived({
      nodeName: host.name,
      address: host.address,
      peers: controlPlanes(spec).flatMap(({ address }) => (address === host.address ? [] : [address])),
      interface: virtualInterface(spec, host),
      virtualAddress,
      virtualRouterId: spec.controlPlaneEndpoint?.virtualRouterId ?? DEFAULT_ROUTER_ID,
      password: await vrrp.password(),
    }),
  };
}

/** haproxy runs with its configuration; whether an API server is there is another matter. */
async function answersHealth(host: Host): Promise<boolean | string> {
  const probe = { address: '127.0.0.1', port: PORTS.endpointHealth, path: '/healthz' };
  const answer = await httpStatus((address, port) => host.dial(address, port), probe);
  return answer.status === undefined ? answer.reason : true;
}

/** keepalived moves the address, haproxy of every control plane spreads its connections over all API servers that are ready. */
export async function keepalivedSteps(slice: Slice, host: Host): Promise<readonly AnyStep[]> {
  const config = await configurations(slice, host);
  return [
    noteAddressStep(endpointOf(slice.spec).host, virtualInterface(slice.spec, host)),
    // Before the packages: their services start as they are installed, and then with this; dpkg keeps what is there.
    filesStep({
      id: 'keepalived/config',
      title: 'Configure keepalived and haproxy',
      files: [
        { path: PATHS.haproxyConfig, content: config.haproxy, mode: 0o644 },
        { path: PATHS.keepalivedConfig, content: config.keepalived, mode: 0o600 },
        { path: PATHS.keepalivedCheck, content: config.check, mode: 0o755 },
      ],
    }),
    packageStep({
      id: 'keepalived/packages',
      title: 'Install keepalived and haproxy',
      packages: KEEPALIVED_PACKAGES,
      units: [UNITS.haproxy, UNITS.keepalived],
      trees: ['/var/lib/haproxy', '/run/haproxy'],
      touches: TOUCHED_FILES,
      withoutApt: 'set controlPlaneEndpoint.provider to kube-vip, local-lb or external in the cluster file',
    }),
    unitStep({
      id: 'keepalived/haproxy',
      title: 'Start haproxy',
      unit: UNITS.haproxy,
      enabled: true,
      running: true,
      comesRunning: true,
      inputs: [{ path: PATHS.haproxyConfig, sha256: sha256Of(config.haproxy) }, { path: PATHS.caCertificate }],
      ready: answersHealth,
    }),
    unitStep({
      id: 'keepalived/service',
      title: 'Start keepalived',
      unit: UNITS.keepalived,
      enabled: true,
      running: true,
      comesRunning: true,
      inputs: [
        { path: PATHS.keepalivedConfig, sha256: sha256Of(config.keepalived) },
        { path: PATHS.keepalivedCheck, sha256: sha256Of(config.check) },
      ],
    }),
  ];
}
