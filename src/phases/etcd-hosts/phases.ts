import { etcdHosts } from '../../config/index.js';
import { PATHS, UNITS } from '../../constants/index.js';
import type { AnyStep, Phase } from '../../engine/index.js';
import type { Host } from '../../host/index.js';
import { renderEtcdUnit } from '../../render/index.js';
import { filesStep, sha256Of, unitStep, unpackStep } from '../../steps/index.js';
import { isEtcdHost, type RunContext } from '../context.js';
import { initialClusterOf, peerUrlOf } from '../control-plane/index.js';
import { etcdDataStep } from '../etcd-data.js';
import { etcdReadyStep } from '../etcd-health.js';

type Spec = RunContext['spec'];

const PROGRAMS: readonly string[] = ['etcd', 'etcdctl', 'etcdutl'];

function unitText(spec: Spec, host: Host): string {
  return renderEtcdUnit({
    nodeName: host.name,
    advertiseAddress: host.address,
    dataDir: spec.etcd.dataDir,
    initialCluster: initialClusterOf(etcdHosts(spec).map((member) => ({ name: member.name, peerUrl: peerUrlOf(member) }))),
    extraArgs: spec.etcd.extraArgs,
  });
}

function programsStep({ artifacts, versions }: Pick<RunContext, 'artifacts' | 'versions'>, host: Host): AnyStep {
  return unpackStep({
    id: 'etcd-hosts/programs',
    title: 'Install etcd',
    archive: () => artifacts.file('etcd', versions.etcdRelease, host.facts.architecture),
    entries: (file) => artifacts.entries(file),
    target: (name) => {
      const program = name.slice(name.lastIndexOf('/') + 1);
      return PROGRAMS.includes(program) ? `${PATHS.localBinDir}/${program}` : undefined;
    },
  });
}

/** All members start at once: none of them gets healthy before most are there. What runs already is left running. */
export const etcdHostsPhase: Phase<Pick<RunContext, 'spec' | 'artifacts' | 'versions'>> = {
  name: 'etcd-hosts',
  title: 'Start etcd on its hosts',
  summary: 'installs etcd on every host with role etcd and starts all members at once',
  on: isEtcdHost,
  after: ['certificates'],
  steps: (context, host) => [
    programsStep(context, host),
    etcdDataStep('etcd-hosts/data', context.spec.etcd.dataDir),
    filesStep({
      id: 'etcd-hosts/unit',
      title: 'Write the unit of etcd',
      files: [{ path: PATHS.etcdUnit, content: unitText(context.spec, host), mode: 0o644 }],
    }),
    unitStep({
      id: 'etcd-hosts/start',
      title: 'Start etcd',
      unit: UNITS.etcd,
      enabled: true,
      running: true,
      only: 'start',
      inputs: [],
    }),
  ],
};

/** Healthy members; one that runs with an older program or unit is restarted, one after the other, so that most always serve. */
export const etcdMembersPhase: Phase<Pick<RunContext, 'spec'>> = {
  name: 'etcd-members',
  title: 'Wait for etcd on its hosts',
  summary: 'waits until every member is healthy, and restarts those that run with an older program or unit, one after the other',
  on: isEtcdHost,
  atOnce: 1,
  after: ['etcd-hosts'],
  steps: ({ spec }, host) => [
    unitStep({
      id: 'etcd-members/restart',
      title: 'Restart etcd where it is older than what it reads',
      unit: UNITS.etcd,
      enabled: true,
      running: true,
      only: 'restart',
      inputs: [{ path: PATHS.etcdBinary }, { path: PATHS.etcdUnit, sha256: sha256Of(unitText(spec, host)) }],
    }),
    etcdReadyStep({
      id: 'etcd-members/ready',
      evidence: (member) => member.units.journal(UNITS.etcd, 25),
      remedy: `systemctl status ${UNITS.etcd}; journalctl -u ${UNITS.etcd} -n 100 --no-pager`,
    }),
  ],
};
