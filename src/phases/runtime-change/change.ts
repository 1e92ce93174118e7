import { RUNTIME_TYPES, type RuntimeType } from '../../constants/index.js';
import type { Host } from '../../host/index.js';
import { plainSocket, runtimeOf, runtimeOfType, type ContainerRuntime } from '../container-runtime/index.js';
import { isControlPlane, isNode, type RunContext } from '../context.js';
import { lookAtRuntime, nextChange, type ChangeMark } from './mark.js';

/** A host that gets another container runtime. */
export interface RuntimeChange {
  readonly host: Host;
  readonly from: readonly ContainerRuntime[];
  readonly to: ContainerRuntime;
  readonly stage: ChangeMark['stage'];
  /** An earlier run has begun it: the mark it left. */
  readonly mark: ChangeMark | undefined;
}

/** What the phases of a change may ask for. */
export interface RuntimeChangeContext extends RunContext {
  readonly change: RuntimeChange;
  readonly drainTimeoutMs: number;
  readonly force: boolean;
  /** `host 2 of 3` */
  readonly place: string;
}

function typeAt(spec: RunContext['spec'], criSocket: string | undefined): RuntimeType | undefined {
  if (criSocket === undefined) return undefined;
  return RUNTIME_TYPES.find((type) => plainSocket(runtimeOfType(spec, type).criSocket) === plainSocket(criSocket));
}

async function changeOf(spec: RunContext['spec'], host: Host): Promise<readonly RuntimeChange[]> {
  // Without root nothing is seen; preflight tells.
  if (host.facts.privilegeProblem !== undefined) return [];
  const { criSocket, mark } = await lookAtRuntime(host);
  const to = runtimeOf(spec, host);
  const next = nextChange(mark, typeAt(spec, criSocket), to.type);
  if (next === undefined) return [];
  return [{ host, from: next.from.map((type) => runtimeOfType(spec, type)), to, stage: next.stage, mark }];
}

/**
 * In which order hosts get their runtime: first the one an earlier run has begun with, then workers, then control planes; else as in
 * the cluster file. Pure.
 */
export function inOrder<Change extends Pick<RuntimeChange, 'mark' | 'host'>>(changes: readonly Change[]): readonly Change[] {
  const rank = ({ mark, host }: Change): number => (mark === undefined ? (isControlPlane(host) ? 2 : 1) : 0);
  return changes.toSorted((one, other) => rank(one) - rank(other));
}

/** Nodes whose runtime is another one than the cluster file wants, or whose change was cut off, in the order they are to be changed. */
export async function findRuntimeChanges(spec: RunContext['spec'], hosts: readonly Host[]): Promise<readonly RuntimeChange[]> {
  return inOrder((await Promise.all(hosts.filter(isNode).map((host) => changeOf(spec, host)))).flat());
}
