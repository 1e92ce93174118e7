import { waitFor, checkStep, type AnyStep, type Phase } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import { script, type Host } from '../../host/index.js';
import { filesStep } from '../../steps/index.js';
import { etcdEndpoints } from '../access.js';
import type { RunContext } from '../context.js';
import { apiServerManifest, apiServerReadyStep } from '../control-plane/index.js';

const FLAG = '--etcd-servers=';
/** The kubelet sees a changed manifest within a second or two, and gives the old process its time to end. */
const RESTART_MS = 180_000;

/** Command lines of the API servers that run, one argument on a line. A process may end while it is looked at. */
const COMMAND_LINES = `
for name in /proc/[0-9]*/comm; do
  if [ "$(cat "$name" 2>/dev/null)" = kube-apiserver ]; then tr '\\0' '\\n' <"\${name%comm}cmdline"; fi
done 2>/dev/null
true`;

/** Where the API server of a host that runs keeps its data; undefined while none runs. */
async function serversOfProcess(host: Host): Promise<string | undefined> {
  const lines = (await host.run(script(COMMAND_LINES, {}), { retryOnLoss: true })).split('\n');
  return lines.find((line) => line.startsWith(FLAG))?.slice(FLAG.length);
}

/** Without it the API server that is about to end would be taken for the new one. */
function restartedStep(wanted: string): AnyStep {
  return checkStep({
    id: 'etcd-servers/restarted',
    title: 'Wait for the API server to be started anew',
    timeoutMs: RESTART_MS + 30_000,
    run: (host, { signal }) =>
      waitFor({
        what: `the API server on ${host.address} to use ${wanted}`,
        forMs: RESTART_MS,
        signal,
        where: { host: host.name },
        remedy: [`journalctl -u kubelet -n 50 --no-pager; crictl ps -a --name kube-apiserver   # on ${host.name}`],
        probe: async () => {
          const seen = await serversOfProcess(host);
          return seen === wanted ? { done: true, value: undefined } : { done: false, seen: seen ?? 'no API server runs' };
        },
      }),
  });
}

/** The API servers learn which members of etcd there are now, one after the other: the others serve meanwhile. */
export const etcdServersPhase: Phase<Pick<RunContext, 'spec' | 'images' | 'pki'>> = {
  name: 'etcd-servers',
  title: 'Tell the API servers which members of etcd there are',
  summary: 'gives the API server of every control plane the members of the cluster file, one control plane after the other',
  on: 'control-plane',
  atOnce: 1,
  after: [],
  async steps(context, host) {
    const { spec, pki } = context;
    const wanted = spec.apiServer.extraArgs['etcd-servers'] ?? etcdEndpoints(spec)?.join(',');
    if (wanted === undefined) throw new KbsError('INTERNAL', 'etcd is on the control planes');
    return [
      filesStep({
        id: 'control-plane/manifests',
        title: 'Write the static pod of the API server',
        files: [apiServerManifest(context, host)],
      }),
      restartedStep(wanted),
      apiServerReadyStep((await pki.shared()).ca.certificate, spec),
    ];
  },
};
