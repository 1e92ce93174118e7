import type { KubeObject } from '../../../kube/index.js';
import { VERIFY_LABEL } from '../leftovers.js';
import { post } from '../pod.js';
import { EDGE_PATIENCE_MS, notYet, row, seen, until } from '../row.js';
import type { Check, Stage } from '../types.js';

const MOST_REPLICAS = 10;

/** The CronTab of the Kubernetes documentation, in a group of this run. */
function definition({ run }: Stage): KubeObject {
  const group = `${run}.kbs.dev`;
  const properties = {
    cronSpec: { type: 'string', pattern: String.raw`^(\d+|\*)(/\d+)?(\s+(\d+|\*)(/\d+)?){4}$` },
    image: { type: 'string' },
    replicas: { type: 'integer', minimum: 1, maximum: MOST_REPLICAS },
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `crontabs.${group}`, labels: { [VERIFY_LABEL]: run } },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'crontabs', singular: 'crontab', kind: 'CronTab', shortNames: ['ct'] },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } } },
        },
      ],
    },
  };
}

interface ResourceList {
  readonly resources?: readonly { readonly name: string; readonly shortNames?: readonly string[] }[];
}

/** A kind of one's own: made, checked, listed by its short name, deleted. */
export const customResource: Check = {
  name: 'custom resource',
  title: 'A CustomResourceDefinition is served, validated, found by its short name and deleted',
  profile: 'full',
  async run(stage) {
    const crd = definition(stage);
    const root = `/apis/${stage.run}.kbs.dev/v1`;
    const path = `${root}/namespaces/${stage.namespace}/crontabs`;
    const crontab = (replicas: number) => ({
      apiVersion: `${stage.run}.kbs.dev/v1`,
      kind: 'CronTab',
      metadata: { name: 'my-new-cron-object' },
      spec: { cronSpec: '* * * * */5', image: 'my-awesome-cron-image', replicas },
    });
    const served = await row(stage, this.name, 'CronTab served', async () => {
      await stage.api.apply(crd);
      return until(stage, 'the new kind to be served', EDGE_PATIENCE_MS, async () => {
        const { status, body } = await post(stage, path, crontab(1));
        return status === 201 ? seen('created') : notYet(`${status} ${body.trim().slice(0, 150)}`);
      });
    });
    if (served.status === 'failed') return [served];
    return [
      served,
      await row(stage, this.name, 'CronTab validated', async () => {
        const { status, json } = await post(stage, path, { ...crontab(MOST_REPLICAS + 1), metadata: { name: 'too-many' } });
        if (status !== 422) throw new Error(`${MOST_REPLICAS + 1} replicas were not refused: ${status}`);
        return `refused: ${String(json['message']).slice(0, 120)}`;
      }),
      await row(stage, this.name, 'CronTab listed by its short name', async () => {
        const { resources = [] } = JSON.parse((await stage.api.request('GET', root)).body) as ResourceList;
        const plural = resources.find(({ shortNames = [] }) => shortNames.includes('ct'))?.name;
        if (plural === undefined) throw new Error('no kind of the group has the short name ct');
        const { items } = JSON.parse((await stage.api.request('GET', `${root}/namespaces/${stage.namespace}/${plural}`)).body) as {
          readonly items: readonly object[];
        };
        if (items.length !== 1) throw new Error(`${items.length} objects instead of one`);
        return 'ct has one object';
      }),
      await row(stage, this.name, 'CronTab deleted', async () => {
        await stage.api.delete({ apiVersion: crd.apiVersion, kind: crd.kind, name: crd.metadata.name });
        return until(stage, 'the kind to be gone', EDGE_PATIENCE_MS, async () => {
          const { status } = await stage.api.request('GET', path);
          return status === 404 ? seen('the kind and its object are gone') : notYet(`its path still says ${status}`);
        });
      }),
    ];
  },
};
