import { controlPlanes } from '../../config/index.js';
import { etcdTopology, PATHS } from '../../constants/index.js';
import { checkStep, step, type AnyStep } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import type { Host } from '../../host/index.js';
import type { KubeObject } from '../../kube/index.js';
import type { ContainerRuntime } from '../container-runtime/index.js';
import { isControlPlane } from '../context.js';
import type { RuntimeChangeContext } from './change.js';
import { readMark, writeMark, type ChangeMark } from './mark.js';

/** Whether pods may come to a node. */
export function isOpen(node: KubeObject): boolean {
  return (node['spec'] as { readonly unschedulable?: boolean } | undefined)?.unschedulable !== true;
}

function titles(runtimes: readonly ContainerRuntime[]): string {
  return runtimes.map(({ title }) => title).join(' and ');
}

/** Without this control plane nobody serves the API, or etcd has no quorum. */
function takesApiAway({ spec, change: { host } }: RuntimeChangeContext): boolean {
  return isControlPlane(host) && controlPlanes(spec).length <= (etcdTopology(spec) === 'stacked' ? 2 : 1);
}

/** The whole of it in one line, for plans. */
export function describeChange(context: RuntimeChangeContext): string {
  const { change, place } = context;
  const away = takesApiAway(context) ? '; the API does not answer meanwhile' : '';
  const what = change.from.length === 0 ? `go on with ${change.to.title}` : `change ${titles(change.from)} for ${change.to.title}`;
  return `${what} (${place}): drain, switch, prove, uncordon${away}`;
}

function sameMark(one: ChangeMark, other: ChangeMark | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Notes on the host what is going to happen, before anything does. */
export function beginStep(context: RuntimeChangeContext): AnyStep {
  const { change, kube } = context;
  return step<ChangeMark>({
    id: 'runtime-change/begin',
    title: 'Note that the container runtime is being changed',
    timeoutMs: 60_000,
    async probe(host, { signal }) {
      const { from, to, stage } = change;
      const known = change.mark?.wasOpen;
      const wasOpen = async (): Promise<boolean> => {
        const node = await (await kube.connect(signal)).read({ apiVersion: 'v1', kind: 'Node', name: host.name });
        return node === undefined || isOpen(node);
      };
      return { from: from.map(({ type }) => type), to: to.type, stage, wasOpen: known ?? (await wasOpen()) };
    },
    plan: (mark) =>
      sameMark(mark, change.mark)
        ? { change: 'none' }
        : { change: change.mark === undefined ? 'create' : 'update', summary: describeChange(context) },
    apply: (host, mark) => writeMark(host, mark),
    async verify(host) {
      if ((await readMark(host)) === undefined)
        throw new KbsError('VERIFY_FAILED', `${PATHS.runtimeChange} is not as it was written`, { where: { host: host.name } });
    },
  });
}

/** Work of kbs's own that is no change of the host's: what it stands for is told by the steps before it. */
function noteStep(id: string, title: string, run: (host: Host) => Promise<void>): AnyStep {
  return checkStep({ id, title, timeoutMs: 60_000, run });
}

/** Notes how far the host is. */
export function stageStep({ change }: RuntimeChangeContext, stage: ChangeMark['stage']): AnyStep {
  return noteStep(`runtime-change/${stage}`, 'Note how far the change has come', async (host) => {
    const mark = await readMark(host);
    if (mark === undefined) throw new KbsError('VERIFY_FAILED', `${PATHS.runtimeChange} is gone`, { where: { host: host.name } });
    await writeMark(host, { ...mark, to: change.to.type, stage });
  });
}

/** The very last step: from here on it is a node like any other. */
export function endStep(): AnyStep {
  return noteStep('runtime-change/end', 'Note that the change is done', (host) => host.files.remove([PATHS.runtimeChange]));
}
