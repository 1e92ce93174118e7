import { step, type AnyStep, type StepContext } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import type { Command, Host } from '../../host/index.js';

/** Something that shall no longer be on a host, found and taken away by commands. */
export interface SweepOptions {
  readonly id: string;
  readonly title: string;
  readonly timeoutMs?: number;
  /** Prints a line for each thing that is there, and nothing when all is clean. Reads only. */
  readonly look: Command;
  /** What is shown of the lines in plans; default: the lines. */
  readonly describe?: (found: readonly string[]) => string;
  /** Takes the found things away; what is gone already is fine. */
  readonly sweep: (found: readonly string[], host: Host, context: StepContext) => Promise<void>;
  /** What to do by hand about things that stay. */
  readonly remedy: (left: readonly string[]) => readonly string[];
}

async function lookFor(host: Host, command: Command): Promise<readonly string[]> {
  const text = await host.run(command, { retryOnLoss: true });
  return text.split('\n').filter((line) => line !== '');
}

const MOST_SHOWN = 12;

/** Things as one line, the first dozen by name. */
export function shortList(things: readonly string[]): string {
  const more = things.length - MOST_SHOWN;
  return more <= 0 ? things.join(', ') : `${things.slice(0, MOST_SHOWN).join(', ')} and ${more} more`;
}

/** A step that takes away what a look finds, and looks again whether it is gone. */
export function sweepStep(options: SweepOptions): AnyStep {
  return step<readonly string[]>({
    id: options.id,
    title: options.title,
    timeoutMs: options.timeoutMs ?? 120_000,
    probe: (host) => lookFor(host, options.look),
    plan: (found) =>
      found.length === 0 ? { change: 'none' } : { change: 'remove', summary: options.describe?.(found) ?? `remove ${shortList(found)}` },
    apply: (host, found, context) => options.sweep(found, host, context),
    async verify(host) {
      const left = await lookFor(host, options.look);
      if (left.length === 0) return;
      throw new KbsError('VERIFY_FAILED', `still there: ${shortList(left)}`, {
        where: { host: host.name, step: options.id },
        details: left,
        remedy: options.remedy(left),
      });
    },
  });
}
