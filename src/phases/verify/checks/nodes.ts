import { nodeProblem, systemPodProblems } from '../../proof/index.js';
import { EDGE_PATIENCE_MS, notYet, row, seen, until } from '../row.js';
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
          until(stage, `${name} to be Ready`, EDGE_PATIENCE_MS, async () => {
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
    const names = stage.hosts.map(({ name }) => name);
    return [
      await row(stage, this.name, 'cluster', () =>
        until(stage, 'the pods of the system', EDGE_PATIENCE_MS, async () => {
          const state = await stage.clusterState();
          const problems = systemPodProblems(state, names);
          return problems.length === 0 ? seen(`${state.systemPods.length} pods ready`) : notYet(problems.join('; '));
        }),
      ),
    ];
  },
};
