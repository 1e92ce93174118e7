import type { Plan } from '../events/index.js';
import type { Style } from './style.js';
import { countOf, indentLines } from './text.js';

/** One change as the plan view shows it; the engine's list of changes fits. */
export interface PlannedChange {
  readonly phase: string;
  readonly host: string;
  readonly step: string;
  readonly plan: Exclude<Plan, { readonly change: 'none' }>;
}

const SIGNS = { create: '+', update: '~', remove: '-' } as const;

/** Changes per host, each with its diff, and the sum at the end. */
export function renderPlan(changes: readonly PlannedChange[], style: Style): string {
  const byHost = new Map<string, PlannedChange[]>();
  for (const change of changes) byHost.set(change.host, [...(byHost.get(change.host) ?? []), change]);
  const blocks = [...byHost].map(([host, members]) =>
    [style.bold(host), ...members.map((change) => renderChange(change, style))].join('\n'),
  );
  return [...blocks, renderPlanSummary(changes)].join('\n\n');
}

/** "3 hosts: 41 to create, 2 to update, 0 to remove", or "nothing to change". */
export function renderPlanSummary(changes: readonly PlannedChange[]): string {
  if (changes.length === 0) return 'nothing to change';
  const hosts = new Set(changes.map((change) => change.host)).size;
  const count = (kind: PlannedChange['plan']['change']): number => changes.filter((change) => change.plan.change === kind).length;
  return `${countOf(hosts, 'host')}: ${count('create')} to create, ${count('update')} to update, ${count('remove')} to remove`;
}

function renderChange({ step, plan }: PlannedChange, style: Style): string {
  const paint = { create: style.green, update: style.yellow, remove: style.red }[plan.change];
  const head = `  ${paint(SIGNS[plan.change])} ${step}  ${style.dim(plan.summary)}`;
  return plan.diff === undefined ? head : `${head}\n${indentLines(renderDiff(plan.diff, style), '      ')}`;
}

/** A unified diff with its added and removed lines coloured. */
function renderDiff(diff: string, style: Style): string {
  const paintLine = (line: string): string => {
    if (line.startsWith('+++') || line.startsWith('---')) return style.bold(line);
    if (line.startsWith('@@')) return style.cyan(line);
    if (line.startsWith('+')) return style.green(line);
    return line.startsWith('-') ? style.red(line) : line;
  };
  return diff.trimEnd().split('\n').map(paintLine).join('\n');
}
