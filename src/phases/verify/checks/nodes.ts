import { nodeProblem } from '../readiness.js';
import { notYet, row, seen, until } from '../row.js';
import type { Check } from '../types.js';

/** Every node Ready, with its network. */
export const nodes: Check = {
  name: 'node',
  title: 'Every node is Ready and has its network',
  profile: 'quick',
  run(stage) {
    return Promise.all(
      stage.hosts.map(({ name }) =>
        row(stage, this.name, name, () =>
          until(stage, `${name} to be Ready`, stage.patience.systemMs, async () => {
            const problem = nodeProblem(await stage.clusterState(), name);
            return problem === undefined ? seen('Ready') : notYet(problem);
          }),
        ),
      ),
    );
  },
};

/** Every pod of the system is ready. */
export const systemPods: Check = {
  name: 'system pods',
  title: 'Every pod of the system is ready',
  profile: 'quick',
  async run(stage) {
    return [await row(stage, this.name, 'cluster', async () => `${await stage.systemPods()} pods ready`)];
  },
};
