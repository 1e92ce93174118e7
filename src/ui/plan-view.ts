import type { Plan } from '../events/index.js';
import { foldNames } from './fold-names.js';
import type { Style } from './style.js';
import { countOf, indentLines } from './text.js';

/** One change as the plan view shows it; the engine's list of changes fits. */
export interface PlannedChange {
  readonly phase: string;
  readonly host: string;
  readonly step: string;
  readonly plan: Exclude<Plan, { readonly change: 'none' }>;
}

const SIGNS = { create: '+', update: '~', remove: '-', unknown: '?' } as const;

/** Changes per host, each with its diff, and the sum at the end. Hosts with the very same changes share a block. */
export function renderPlan(changes: readonly PlannedChange[], style: Style): string {
  const byHost = new Map<string, PlannedChange[]>();
  for (const change of changes) byHost.set(change.host, [...(byHost.get(change.host) ?? []), change]);
  const blocks = alike(byHost).map(({ hosts, members }) => {
    const title = hosts.length === 1 ? foldNames(hosts) : `${foldNames(hosts)} (${countOf(hosts.length, 'host')})`;
    const isFirst = hosts.length > 1 && members.some(({ plan }) => plan.diff !== undefined);
    const note = isFirst ? [style.dim(`  new files as on ${hosts[0] ?? ''}; on the others with their own names and addresses`)] : [];
    return [style.bold(title), ...note, ...members.map((change) => renderChange(change, style))].join('\n');
  });
  return [...blocks, renderPlanSummary(changes)].join('\n\n');
}

/**
 * Hosts whose changes read the same. What is changed or removed has to be the same to the letter; a file that is new may differ in its
 * text from host to host, by names and addresses, and is shown for the first.
 */
function alike(
  byHost: ReadonlyMap<string, readonly PlannedChange[]>,
): readonly { readonly hosts: readonly string[]; readonly members: readonly PlannedChange[] }[] {
  const blocks = new Map<string, { hosts: string[]; members: readonly PlannedChange[] }>();
  for (const [host, members] of byHost) {
    const key = JSON.stringify(
      members.map(({ step, plan }) => [step, plan.change, plan.summary, plan.change === 'create' ? '' : (plan.diff ?? '')]),
    );
    const block = blocks.get(key);
    if (block === undefined) blocks.set(key, { hosts: [host], members });
    else block.hosts.push(host);
  }
  return [...blocks.values()];
}

/** "3 hosts: 41 to create, 2 to update, 0 to remove", or "nothing to change". */
export function renderPlanSummary(changes: readonly PlannedChange[]): string {
  if (changes.length === 0) return 'nothing to change';
  const hosts = new Set(changes.map((change) => change.host)).size;
  const count = (kind: PlannedChange['plan']['change']): number => changes.filter((change) => change.plan.change === kind).length;
  const unknown = count('unknown') === 0 ? '' : `, ${count('unknown')} unknown`;
  return `${countOf(hosts, 'host')}: ${count('create')} to create, ${count('update')} to update, ${count('remove')} to remove${unknown}`;
}

function renderChange({ step, plan }: PlannedChange, style: Style): string {
  const paint = { create: style.green, update: style.yellow, remove: style.red, unknown: style.cyan }[plan.change];
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
