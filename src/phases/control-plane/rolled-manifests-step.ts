import { isDeepStrictEqual } from 'node:util';
import { UNITS } from '../../constants/index.js';
import { waitFor, type AnyStep, type StepContext } from '../../engine/index.js';
import { restartProblem } from '../../etcd/index.js';
import type { Plan } from '../../events/index.js';
import type { Host } from '../../host/index.js';
import { filesStep, type FileSpec } from '../../steps/index.js';
import { parseYamlStream } from '../../yaml/index.js';
import type { RunContext } from '../context.js';
import { awaitEtcd } from '../etcd-health.js';
import { commandOf, processesOf, programOf, untilSettled, type ProgramProcess } from '../static-pods/index.js';
import { awaitApiServer } from './api-server-step.js';
import { peerUrlOf } from './etcd-start.js';
import { controlPlaneEvidence } from './evidence.js';

type Slice = Pick<RunContext, 'spec' | 'pki' | 'etcd'>;

/** The kubelet sees a changed manifest within seconds, and gives the old process half a minute to end. */
const RESTART_MS = 180_000;
/** A process that still runs by then is none the kubelet is ending. */
const OVERLOOKED_MS = 75_000;
/** Restart, etcd and API, each with its own time. */
const STEP_MS = 690_000;

const ETCD = 'etcd';
const API_SERVER = 'kube-apiserver';

/** A static pod whose program is started anew, and how that is seen. */
interface Restart {
  readonly program: string;
  isThrough(now: readonly ProgramProcess[]): boolean;
  /** The kubelet has not ended the former process. */
  isFormerThere(now: readonly ProgramProcess[]): boolean;
}

async function isAsWanted(host: Host, { path, content }: FileSpec): Promise<boolean | undefined> {
  const was = await host.files.read(path);
  return was === undefined ? undefined : isDeepStrictEqual(parseYamlStream(was), parseYamlStream(content as string));
}

/** The static pods of a host that another text of their manifests restarts; one that is only written differently restarts nothing. */
async function restartedBy(host: Host, files: readonly FileSpec[]): Promise<readonly string[]> {
  const programs = await Promise.all(files.map(async (file) => ((await isAsWanted(host, file)) === false ? [programOf(file)] : [])));
  return programs.flat();
}

/** What a manifest that is about to change restarts: another process than those there are now. */
async function restartsOf(host: Host, programs: readonly string[]): Promise<readonly Restart[]> {
  if (programs.length === 0) return [];
  const processes = await processesOf(host, programs);
  return programs.map((program): Restart => {
    const before = new Set(processes.get(program)?.map(({ pid }) => pid));
    const isFormerThere: Restart['isFormerThere'] = (now) =>
      before.size > 0 && [...before].every((pid) => now.some((one) => one.pid === pid));
    return { program, isFormerThere, isThrough: (now) => now.some(({ pid }) => !before.has(pid)) && !isFormerThere(now) };
  });
}

/**
 * Static pods whose manifests are right while what runs was started as something else: a run was cut off between the two, or the kubelet
 * has overlooked the change.
 */
async function overdueRestarts(host: Host, files: readonly FileSpec[]): Promise<readonly Restart[]> {
  const processes = await processesOf(host, files.map(programOf));
  const restarts = await Promise.all(
    files.map(async (file): Promise<readonly Restart[]> => {
      const [program, command] = [programOf(file), commandOf(file)];
      const isThrough: Restart['isThrough'] = (now) => now.some(({ argv }) => isDeepStrictEqual(argv, command));
      const isFormerThere: Restart['isFormerThere'] = (now) => now.some(({ argv }) => argv.length > 0) && !isThrough(now);
      const isOverdue = command !== undefined && isFormerThere(processes.get(program) ?? []) && (await isAsWanted(host, file)) === true;
      return isOverdue ? [{ program, isThrough, isFormerThere }] : [];
    }),
  );
  return restarts.flat();
}

/** @param remind restarts the kubelet, for all that wait only once */
async function untilRestarted(
  host: Host,
  restart: Restart,
  { spec }: Slice,
  context: StepContext,
  remind: () => Promise<void>,
): Promise<void> {
  const { program } = restart;
  const askedMs = performance.now();
  let isReminded = false;
  await waitFor({
    what: `the kubelet of ${host.name} to start ${program} anew`,
    forMs: RESTART_MS,
    signal: context.signal,
    where: { host: host.name },
    remedy: [`journalctl -u ${UNITS.kubelet} -n 50 --no-pager; crictl ps -a --name ${program}   # on ${host.name}`],
    probe: async () => {
      const now = (await processesOf(host, [program])).get(program) ?? [];
      if (restart.isThrough(now)) return { done: true, value: undefined };
      const isFormerThere = restart.isFormerThere(now);
      if (isFormerThere && !isReminded && performance.now() - askedMs > OVERLOOKED_MS) {
        isReminded = true;
        context.warn(`the kubelet of ${host.name} has overlooked a changed manifest of ${program}: it is restarted`);
        await remind();
      }
      return { done: false, seen: isFormerThere ? 'the former process still runs' : 'it does not run' };
    },
  });
  if (program === ETCD) {
    const evidence = (): Promise<readonly string[]> => controlPlaneEvidence(host, spec);
    await awaitEtcd(host, { evidence, remedy: `crictl ps -a --name ${ETCD}`, signal: context.signal });
  }
}

/** @throws KbsError ETCD_QUORUM when a member that is not well makes this one indispensable */
async function checkMayRestart(host: Host, { etcd }: Slice, { signal }: StepContext): Promise<void> {
  const members = await etcd.tryMembers(signal);
  if (members === undefined) return;
  const rows = await etcd.health(members, signal);
  const own = rows.find(({ member }) => member.peerUrls.includes(peerUrlOf(host)));
  const problem = own === undefined ? undefined : restartProblem(rows, own.member.id);
  if (problem !== undefined) throw problem;
}

function planOf(written: Plan, overdue: readonly Restart[]): Plan {
  if (overdue.length === 0) return written;
  const summary = overdue.map(({ program }) => `start ${program} anew: it runs with other settings than its manifest's`).join(', ');
  return written.change === 'none' ? { change: 'update', summary } : { ...written, summary: `${written.summary}, ${summary}` };
}

/**
 * Changed manifests of a host's static pods, and manifests that were changed but have not come into effect. Through only when what they
 * restart works again: the next host's turn comes then.
 */
export function rolledManifestsStep(slice: Slice, files: readonly FileSpec[], { id }: { readonly id: string }): AnyStep {
  const written = filesStep({ id, title: 'Change the static pods of the control plane', files, only: 'present', timeoutMs: STEP_MS });
  return {
    ...written,
    async prepare(host, context) {
      const [prepared, overdue] = await Promise.all([written.prepare(host, context), overdueRestarts(host, files)]);
      const plan = planOf(prepared.plan, overdue);
      if (plan.change === 'none') return prepared;
      return {
        plan,
        async apply() {
          const changed = prepared.plan.change === 'none' ? [] : await restartedBy(host, files);
          const programs = new Set([...changed, ...overdue.map(({ program }) => program)]);
          if (programs.has(ETCD)) await checkMayRestart(host, slice, context);
          if (changed.length > 0) await untilSettled(host, context);
          const restarts = [...overdue, ...(await restartsOf(host, changed))];
          if (prepared.plan.change !== 'none') await prepared.apply();
          let reminded: Promise<void> | undefined;
          const remind = (): Promise<void> => (reminded ??= host.units.restart(UNITS.kubelet));
          await Promise.all(restarts.map((restart) => untilRestarted(host, restart, slice, context, remind)));
          // It loses its etcd for a moment too when that alone restarts.
          if (programs.has(ETCD) || programs.has(API_SERVER))
            await awaitApiServer(host, (await slice.pki.shared()).ca.certificate, slice.spec, context.signal);
        },
      };
    },
  };
}
