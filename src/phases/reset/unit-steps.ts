import { UNITS } from '../../constants/index.js';
import { step, type AnyStep } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import { sh, type Host } from '../../host/index.js';
import type { FormerState } from './former-state.js';

type Former = Pick<FormerState, 'units' | 'paths'>;

/** Units kbs enabled are disabled while their files are still there: the links in *.wants belong to them. */
export function disableUnitsStep({ units }: Pick<FormerState, 'units'>): AnyStep {
  const ours = units.filter(({ enabled }) => enabled === 'not-found' || enabled === 'disabled');
  return step<readonly string[]>({
    id: 'reset/disable-units',
    title: 'Disable units',
    timeoutMs: 120_000,
    async probe(host) {
      const states = await Promise.all(ours.map(async ({ unit }) => ({ unit, state: await host.units.state(unit) })));
      return states.flatMap(({ unit, state }) => (state.enabled === 'enabled' ? [unit] : []));
    },
    plan: (enabled) => (enabled.length === 0 ? { change: 'none' } : { change: 'update', summary: `disable ${enabled.join(', ')}` }),
    async apply(host, enabled) {
      for (const unit of enabled) await host.units.disable(unit);
    },
    async verify(host) {
      for (const { unit } of ours) {
        const { enabled } = await host.units.state(unit);
        if (enabled === 'enabled') throw new KbsError('VERIFY_FAILED', `${unit} is still enabled`, { where: { host: host.name } });
      }
    },
  });
}

const NODE_UNITS: readonly string[] = [
  UNITS.kubelet,
  UNITS.containerd,
  UNITS.docker,
  UNITS.dockerSocket,
  UNITS.criDocker,
  UNITS.criDockerSocket,
  UNITS.crio,
  UNITS.etcd,
];

interface SeenUnit {
  readonly unit: string;
  readonly todo: readonly ('reload' | 'forget' | 'enable' | 'start' | 'restart' | 'stop')[];
}

/** Whether a unit that ran before runs with files that are no longer there or no longer the same. */
async function isStale(host: Host, startedMs: number | undefined, { paths }: Former): Promise<boolean> {
  if (startedMs === undefined) return false;
  // The runtime itself changes its folders when it starts.
  const files = paths.flatMap(({ path, was }) => (was !== 'directory' && /containerd|runc|kubelet|docker|crio/.test(path) ? [path] : []));
  const folders = files.map((path) => path.slice(0, path.lastIndexOf('/')));
  const stats = await host.files.stat([...files, ...folders]);
  // A file that is gone is seen in its folder.
  return files.some((path, index) => {
    const stat = stats.get(path) ?? stats.get(folders[index] ?? '');
    return stat !== undefined && stat.ctimeMs > startedMs;
  });
}

async function seenUnit(host: Host, entry: Former['units'][number], former: Former): Promise<SeenUnit> {
  const state = await host.units.state(entry.unit);
  const todo: SeenUnit['todo'][number][] = [];
  if (state.needsReload || (entry.enabled === 'not-found' && state.enabled !== 'not-found')) todo.push('reload');
  if (state.active === 'failed' && entry.active !== 'failed') todo.push('forget');
  if (entry.enabled === 'enabled' && state.enabled !== 'enabled') todo.push('enable');
  const runs = state.active === 'active';
  if (entry.active === 'active' && !runs) todo.push('start');
  if (entry.active === 'active' && runs && (await isStale(host, state.startedMs, former))) todo.push('restart');
  // The node's own units were stopped at the beginning.
  if (entry.active !== 'active' && runs && !NODE_UNITS.includes(entry.unit)) todo.push('stop');
  return { unit: entry.unit, todo };
}

async function lookAtUnits(host: Host, former: Former): Promise<readonly SeenUnit[]> {
  const seen = await Promise.all(former.units.map((entry) => seenUnit(host, entry, former)));
  return seen.filter(({ todo }) => todo.length > 0);
}

async function bringBack(host: Host, seen: readonly SeenUnit[]): Promise<void> {
  await host.units.daemonReload();
  for (const { unit, todo } of seen) {
    if (todo.includes('stop')) await host.units.stop(unit);
    if (todo.includes('forget')) await host.run(sh`systemctl reset-failed -- ${unit}`);
    if (todo.includes('enable')) await host.units.enable(unit);
    if (todo.includes('start')) await host.units.start(unit);
    if (todo.includes('restart')) await host.units.restart(unit);
  }
}

const WORDS = { reload: 'forget', forget: 'clear failure of', enable: 'enable', start: 'start', restart: 'restart', stop: 'stop' } as const;

/** systemd knows the units as they were: those kbs brought are forgotten, those that ran before run again, with their own files. */
export function formerUnitsStep(former: Former): AnyStep {
  return step<readonly SeenUnit[]>({
    id: 'reset/units',
    title: 'Put units back as they were',
    timeoutMs: 300_000,
    probe: (host) => lookAtUnits(host, former),
    plan: (seen) => {
      if (seen.length === 0) return { change: 'none' };
      return {
        change: 'update',
        summary: seen.map(({ unit, todo }) => `${todo.map((word) => WORDS[word]).join(' and ')} ${unit}`).join(', '),
      };
    },
    apply: bringBack,
    async verify(host) {
      const left = await lookAtUnits(host, former);
      if (left.length === 0) return;
      throw new KbsError('VERIFY_FAILED', `units are not as they were: ${left.map(({ unit }) => unit).join(', ')}`, {
        where: { host: host.name },
        remedy: left.map(({ unit }) => `systemctl status ${unit}`),
      });
    },
  });
}
