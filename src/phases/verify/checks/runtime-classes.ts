import { OWN_CLASS } from '../../runtime-classes/index.js';
import { NETEXEC, podObject, podReady } from '../pod.js';
import { row, skipped } from '../row.js';
import type { Check } from '../types.js';

/** A pod of each class kbs offers runs: the runtime starts it with the class's handler, or not at all. */
export const runtimeClasses: Check = {
  name: 'runtime class',
  title: 'A pod of every RuntimeClass of kbs runs',
  profile: 'full',
  async run(stage) {
    const classes = await stage.api.list({ apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass' }, { labelSelector: OWN_CLASS });
    if (classes.length === 0) return [skipped(this.name, 'RuntimeClass', 'kbs offers none (spec.runtimeClasses)')];
    return Promise.all(
      classes.map(({ metadata, handler }) =>
        row(stage, this.name, metadata.name, async () => {
          const name = `class-${metadata.name}`;
          await stage.api.apply(podObject(stage, name, [NETEXEC], { runtimeClassName: metadata.name }));
          const pod = await podReady(stage, name);
          const { nodeName = '' } = pod['spec'] as { readonly nodeName?: string };
          return `handler ${String(handler)} on ${nodeName}`;
        }),
      ),
    );
  },
};
