import { UNITS } from '../../constants/index.js';
import type { WaitOptions } from '../../engine/index.js';
import type { Host } from '../../host/index.js';

const JOURNAL_LINES = 25;
const RUNTIME_LINES = 10;

/**
 * What a wait for the kubelet of a host tells when it is in vain: besides the remedies given the ways to its log, and the last words of
 * the kubelet and of the runtime's units.
 */
export function kubeletTrouble(
  host: Host,
  runtimeUnits: readonly string[],
  remedy: readonly string[] = [],
): Required<Pick<WaitOptions<never>, 'where' | 'remedy' | 'evidence'>> {
  const said = async (unit: string, count: number): Promise<readonly string[]> =>
    (await host.units.journal(unit, count)).map((line) => `${unit.replace('.service', '')}: ${line}`);
  return {
    where: { host: host.name },
    remedy: [...remedy, 'journalctl -u kubelet -n 100 --no-pager', 'run the same command again: it goes on where it stopped'],
    evidence: async () => {
      const words = [said(UNITS.kubelet, JOURNAL_LINES), ...runtimeUnits.map((unit) => said(unit, RUNTIME_LINES))];
      return (await Promise.all(words)).flat();
    },
  };
}
