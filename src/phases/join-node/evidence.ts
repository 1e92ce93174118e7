import { UNITS } from '../../constants/index.js';
import { KbsError } from '../../errors/index.js';
import type { Host } from '../../host/index.js';

const JOURNAL_LINES = 25;

/** Runs a wait; when it is in vain, the error shows the kubelet's last words. */
export async function withKubeletEvidence<T>(host: Host, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof KbsError) || error.code !== 'WAIT_TIMEOUT') throw error;
    const lines = await host.units.journal(UNITS.kubelet, JOURNAL_LINES);
    throw new KbsError('WAIT_TIMEOUT', error.message, {
      where: { host: host.name },
      details: [...error.details, ...lines.map((line) => `kubelet: ${line}`)],
      remedy: [...error.remedy, 'journalctl -u kubelet -n 100 --no-pager', 'run the same command again: it goes on where it stopped'],
      cause: error,
    });
  }
}
