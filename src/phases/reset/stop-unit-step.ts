import { step, type AnyStep } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';

/** Units kbs started stop, the kubelet first so that it starts no pod again; a runtime that ran before goes on. */
export function stopUnitStep(unit: string): AnyStep {
  return step<string>({
    id: `reset/stop-${unit.replace('.service', '')}`,
    title: `Stop ${unit}`,
    timeoutMs: 200_000,
    probe: async (host) => (await host.units.state(unit)).active,
    plan: (active) => (isStopped(active) ? { change: 'none' } : { change: 'update', summary: `stop ${unit}` }),
    apply: (host) => host.units.stop(unit),
    async verify(host) {
      const { active } = await host.units.state(unit);
      if (!isStopped(active)) {
        throw new KbsError('VERIFY_FAILED', `${unit} is ${active} after it was stopped`, {
          where: { host: host.name },
          remedy: [`systemctl status ${unit}; systemctl kill -s KILL ${unit}   # on ${host.name}`],
        });
      }
    },
  });
}

function isStopped(active: string): boolean {
  return active === 'inactive' || active === 'failed';
}
