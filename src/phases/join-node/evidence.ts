import { UNITS } from '../../constants/index.js';
import { KbsError } from '../../errors/index.js';
import type { Host } from '../../host/index.js';

const JOURNAL_LINES = 25;
const RUNTIME_LINES = 10;

/** Runs a wait; when it is in vain, the error shows the last words of the kubelet and of the runtime's units. */
export async function withKubeletEvidence<T>(host: Host, runtimeUnits: readonly string[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof KbsError) || error.code !== 'WAIT_TIMEOUT') throw error;
    const said = async (unit: string, count: number): Promise<readonly string[]> =>
      (await host.units.journal(unit, count)).map((line) => `${unit.replace('.service', '')}: ${line}`);
    const lines = [await said(UNITS.kubelet, JOURNAL_LINES), ...(await Promise.all(runtimeUnits.map((unit) => said(unit, RUNTIME_LINES))))];
    throw new KbsError('WAIT_TIMEOUT', error.message, {
      where: { host: host.name },
      details: [...error.details, ...lines.flat()],
      remedy: [...error.remedy, 'journalctl -u kubelet -n 100 --no-pager', 'run the same command again: it goes on where it stopped'],
      cause: error,
    });
  }
}
