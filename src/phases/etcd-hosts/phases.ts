import { PATHS, UNITS } from '../../constants/index.js';
import type { AnyStep, Phase } from '../../engine/index.js';
import type { Host } from '../../host/index.js';
import { renderEtcdUnit } from '../../render/index.js';
import { filesStep, sha256Of, unitStep, unpackStep, type FileSpec } from '../../steps/index.js';
import { isEtcdHost, type RunContext } from '../context.js';
import { addMemberStep, etcdStartOf, joiningFlags, promoteMemberStep, withHeadStart, type EtcdStartFlags } from '../control-plane/index.js';
import { etcdDataStep } from '../etcd-data.js';
import { etcdReadyStep } from '../etcd-health.js';

type Spec = RunContext['spec'];

const PROGRAMS: readonly string[] = ['etcd', 'etcdctl', 'etcdutl'];

function unitFile(spec: Spec, host: Host, flags: EtcdStartFlags): FileSpec & { readonly content: string } {
  const content = renderEtcdUnit({
    nodeName: host.name,
    advertiseAddress: host.address,
    dataDir: spec.etcd.dataDir,
    ...flags,
    extraArgs: spec.etcd.extraArgs,
  });
  return { path: PATHS.etcdUnit, content, mode: 0o644 };
}

const UNIT_FILE_STEP = { id: 'etcd-hosts/unit', title: 'Write the unit of etcd' };

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

type MemberSlice = Pick<RunContext, 'spec' | 'etcd' | 'memberHosts' | 'mayFound'>;

/** Its members are known only when this one has been added. */
function joiningUnitStep({ spec, etcd }: MemberSlice): AnyStep {
  return {
    ...UNIT_FILE_STEP,
    timeoutMs: 60_000,
    async prepare(host, context) {
      const members = (await etcd.tryMembers(context.signal)) ?? [];
      return filesStep({ ...UNIT_FILE_STEP, files: [unitFile(spec, host, joiningFlags(members, host))] }).prepare(host, context);
    },
  };
}

const startStep: AnyStep = unitStep({
  id: 'etcd-hosts/start',
  title: 'Start etcd',
  unit: UNITS.etcd,
  enabled: true,
  running: true,
  only: 'start',
  inputs: [],
});

/**
 * In a new cluster all members start at once: none of them gets healthy before most are there. One that comes to a running etcd is a learner
 * first. What runs already is left running, with the flags it has.
 */
export const etcdHostsPhase: Phase<MemberSlice & Pick<RunContext, 'artifacts' | 'versions'>> = {
  name: 'etcd-hosts',
  title: 'Start etcd on its hosts',
  summary: 'installs etcd on every host with role etcd and starts all members at once; to a running etcd they are added, as learners first',
  on: isEtcdHost,
  after: ['certificates'],
  async steps(context, host) {
    const start = await etcdStartOf(context, host);
    const made = [programsStep(context, host), etcdDataStep('etcd-hosts/data', context.spec.etcd.dataDir)];
    if (start.kind !== 'joins')
      return [
        ...made,
        filesStep({ ...UNIT_FILE_STEP, files: [unitFile(context.spec, host, start.flags)] }),
        withHeadStart(startStep, host, start),
      ];
    return [
      ...made,
      addMemberStep('etcd-hosts', context, start.lost),
      joiningUnitStep(context),
      startStep,
      promoteMemberStep('etcd-hosts', context, start.lost),
    ];
  },
};

/** What the unit of a member that is there, or is about to be, says; of one that joins nobody knows before it has been added. */
async function unitInputs(context: MemberSlice, host: Host) {
  const start = await etcdStartOf(context, host);
  return start.kind === 'joins' ? [] : [{ path: PATHS.etcdUnit, sha256: sha256Of(unitFile(context.spec, host, start.flags).content) }];
}

/** Healthy members; one that runs with an older program or unit is restarted, one after the other, so that most always serve. */
export const etcdMembersPhase: Phase<MemberSlice> = {
  name: 'etcd-members',
  title: 'Wait for etcd on its hosts',
  summary: 'waits until every member is healthy, and restarts those that run with an older program or unit, one after the other',
  on: isEtcdHost,
  atOnce: 1,
  after: ['etcd-hosts'],
  steps: async (context, host) => [
    unitStep({
      id: 'etcd-members/restart',
      title: 'Restart etcd where it is older than what it reads',
      unit: UNITS.etcd,
      enabled: true,
      running: true,
      only: 'restart',
      inputs: [{ path: PATHS.etcdBinary }, ...(await unitInputs(context, host))],
    }),
    etcdReadyStep({
      id: 'etcd-members/ready',
      evidence: (member) => member.units.journal(UNITS.etcd, 25),
      remedy: `systemctl status ${UNITS.etcd}; journalctl -u ${UNITS.etcd} -n 100 --no-pager`,
    }),
  ],
};
