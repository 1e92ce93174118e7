import { PATHS } from '../../constants/index.js';
import type { AnyStep } from '../../engine/index.js';
import { script, sh } from '../../host/index.js';
import { sweepStep } from './sweep-step.js';

/** Sets of kube-router 1.3: pods and nodes, sources and destinations of policies. */
const SETS = `
PATH=$PATH:/usr/sbin:/sbin
if [ -d /sys/module/ip_set ] && command -v ipset >/dev/null 2>&1; then
  ipset list -n | grep -E '^(inet6:)?(kube-router-|KUBE-(SRC|DST)-)'
fi
exit 0`;

/** Sets of addresses that kube-router made; the rules that name them have to be gone before. */
export function routerSetsStep(): AnyStep {
  return sweepStep({
    id: 'reset/router-sets',
    title: 'Remove sets of addresses of kube-router',
    look: script(SETS),
    describe: (found) => `remove ${found.length} sets of addresses`,
    sweep: async (found, host) => {
      await host.run(script(`${sh`set -- ${found}`.text}\nPATH=$PATH:/usr/sbin:/sbin\nfor name do ipset destroy "$name" || exit 1; done`));
    },
    remedy: (left) => left.map((name) => `ipset destroy ${name}`),
  });
}

/**
 * kube-router marks its routes with a number; flannel's with backend host-gw are those through other hosts into its network. A route that
 * kube-router made and flannel found good enough is both, and is shown without its mark where marks are asked for.
 * Source: kube-router 1.3 network_routes_controller.go, flannel 0.19 hostgw.go.
 */
const ROUTES = `
PATH=$PATH:/usr/sbin:/sbin
{
  ip -4 route show proto 17
  network=$(sed -n 's/^FLANNEL_NETWORK=//p' "$subnets" 2>/dev/null)
  if [ -n "$network" ]; then ip -4 route show root "$network" | grep ' via '; fi
} | sed -e 's/ proto [^ ]*//' -e 's/ *$//' | sort -u`;

/** Routes to pods of other hosts that outlive who made them: a link's own go with the link. */
export function podRoutesStep(): AnyStep {
  return sweepStep({
    id: 'reset/routes',
    title: 'Remove routes to pods of other hosts',
    look: script(ROUTES, { subnets: `${PATHS.flannelRunDir}/subnet.env` }),
    describe: (found) => `remove ${found.length} routes`,
    sweep: async (found, host) => {
      const destinations = found.map((line) => line.split(' ')[0] ?? '');
      await host.run(
        script(`${sh`set -- ${destinations}`.text}\nPATH=$PATH:/usr/sbin:/sbin\nfor one do ip -4 route delete "$one" || exit 1; done`),
      );
    },
    remedy: (left) => left.map((route) => `ip route delete ${route}`),
  });
}
