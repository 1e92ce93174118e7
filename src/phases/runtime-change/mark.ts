import { PATHS, RUNTIME_TYPES, type RuntimeType } from '../../constants/index.js';
import { sh, type Host } from '../../host/index.js';
import { jsonFields } from '../../json/index.js';

/** How far the change of a host has come: its pods leave, its former runtime leaves, the new one comes. */
export type ChangeStage = 'drain' | 'leave' | 'install';

/**
 * What stands on a host whose runtime is being changed. Between the two it has neither, and maybe no API to ask: only the host itself can tell
 * the next run where to go on.
 */
export interface ChangeMark {
  /** Runtimes that have to go; none where it turned out that nothing has. */
  readonly from: readonly RuntimeType[];
  readonly to: RuntimeType;
  readonly stage: ChangeStage;
  /** The node took pods before: it does so again at the end. */
  readonly wasOpen: boolean;
}

const STAGES: readonly ChangeStage[] = ['drain', 'leave', 'install'];

function isRuntime(value: unknown): value is RuntimeType {
  return RUNTIME_TYPES.some((type) => type === value);
}

/** Reads a mark; undefined for what is none. */
export function parseMark(text: string): ChangeMark | undefined {
  const { from, to, stage, wasOpen } = jsonFields(text);
  const known = STAGES.find((one) => one === stage);
  if (!Array.isArray(from) || !from.every(isRuntime) || !isRuntime(to) || known === undefined) return undefined;
  return { from, to, stage: known, wasOpen: wasOpen === true };
}

/** The mark of a host; undefined when its runtime is not being changed. */
export async function readMark(host: Host): Promise<ChangeMark | undefined> {
  return parseMark((await host.files.read(PATHS.runtimeChange)) ?? '');
}

/** Puts a mark on a host, or another one. */
export async function writeMark(host: Host, mark: ChangeMark): Promise<void> {
  await host.files.writeAtomic(PATHS.runtimeChange, `${JSON.stringify(mark)}\n`, { mode: 0o600 });
}

/** What decides whether a host has another runtime than it should have. */
export interface RuntimeOfNode {
  /** CRI socket of the host's kubelet; undefined: there is none yet. */
  readonly criSocket: string | undefined;
  readonly mark: ChangeMark | undefined;
}

const LOOK = `sed -n 's/.*--container-runtime-endpoint=\\([^ "]*\\).*/socket \\1/p' ${PATHS.kubeletFlagsEnv} 2>/dev/null
sed 's/^/mark /' ${PATHS.runtimeChange} 2>/dev/null; true`;

/** Asks a host which runtime its kubelet works with, and whether that is being changed. Reads only. */
export async function lookAtRuntime(host: Host): Promise<RuntimeOfNode> {
  const lines = (await host.run(sh`${{ text: LOOK }}`, { retryOnLoss: true })).split('\n');
  const of = (kind: string): string | undefined => lines.find((line) => line.startsWith(`${kind} `))?.slice(kind.length + 1);
  return { criSocket: of('socket'), mark: parseMark(of('mark') ?? '') };
}

/**
 * What has to be done with a host. Pure.
 * @param current what its kubelet works with; undefined: no node yet, or a runtime kbs does not know
 * @returns undefined: nothing
 */
export function nextChange(
  mark: ChangeMark | undefined,
  current: RuntimeType | undefined,
  wanted: RuntimeType,
): Pick<ChangeMark, 'from' | 'to' | 'stage'> | undefined {
  if (mark === undefined) {
    return current === undefined || current === wanted ? undefined : { from: [current], to: wanted, stage: 'drain' };
  }
  if (mark.to === wanted) return { from: mark.from, to: wanted, stage: mark.stage };
  // The file was changed again meanwhile. As long as pods were leaving nothing else was touched.
  if (mark.stage === 'drain') {
    return current === undefined || current === wanted
      ? { from: [], to: wanted, stage: 'install' }
      : { from: [current], to: wanted, stage: 'drain' };
  }
  const left = mark.stage === 'leave' ? mark.from : [];
  return { from: [...new Set([...left, mark.to])], to: wanted, stage: 'leave' };
}
