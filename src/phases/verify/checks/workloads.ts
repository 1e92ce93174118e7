import type { KubeObject, ObjectRef } from '../../../kube/index.js';
import { dialRow } from '../dial.js';
import { NETEXEC, named, podObject, podSpec, post, template } from '../pod.js';
import { notYet, row, seen, until, WORKLOAD_PATIENCE_MS } from '../row.js';
import type { Check, Stage, VerifyRow } from '../types.js';

interface Counts {
  readonly observedGeneration?: number;
  readonly replicas?: number;
  readonly updatedReplicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly numberReady?: number;
  readonly succeeded?: number;
}

function statusOf(object: KubeObject): Counts {
  return object['status'] ?? {};
}

function ref(stage: Stage, apiVersion: string, kind: string, name: string): ObjectRef {
  return { apiVersion, kind, namespace: stage.namespace, name };
}

function untilObject(stage: Stage, what: ObjectRef, isSo: (object: KubeObject) => string | undefined): Promise<KubeObject> {
  return until(stage, `${what.kind} ${what.name}`, WORKLOAD_PATIENCE_MS, async () => {
    const object = await stage.api.read(what);
    if (object === undefined) return notYet('it is not there');
    const problem = isSo(object);
    return problem === undefined ? seen(object) : notYet(problem);
  });
}

function deployment(stage: Stage, version: string): KubeObject {
  const pod = template(stage, 'rolling', [{ ...NETEXEC, env: [{ name: 'VERSION', value: version }] }]);
  const strategy = { rollingUpdate: { maxSurge: '100%', maxUnavailable: 0 } };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: named(stage, 'rolling'), spec: { replicas: 2, strategy, ...pod } };
}

/** Applies a version and waits until all pods are of it. @returns name of the ReplicaSet that has them */
async function rollTo(stage: Stage, version: string): Promise<string> {
  await stage.api.apply(deployment(stage, version));
  await untilObject(stage, ref(stage, 'apps/v1', 'Deployment', 'rolling'), (object) => {
    const { observedGeneration = 0, updatedReplicas = 0, availableReplicas = 0, replicas = 0 } = statusOf(object);
    if (observedGeneration < (object.metadata.generation ?? 0)) return 'its controller has not looked at it';
    return updatedReplicas === 2 && availableReplicas === 2 && replicas === 2
      ? undefined
      : `${updatedReplicas} of 2 pods updated, ${availableReplicas} available, ${replicas} in all`;
  });
  const sets = await stage.api.list(
    { apiVersion: 'apps/v1', kind: 'ReplicaSet' },
    { namespace: stage.namespace, labelSelector: 'app=rolling' },
  );
  const active = sets.filter((set) => (set['spec'] as { readonly replicas?: number }).replicas === 2);
  const [first] = active;
  if (first === undefined || active.length > 1) throw new Error(`${active.length} ReplicaSets have pods`);
  return first.metadata.name;
}

/** Made, changed, and taken back. */
export const deploymentCheck: Check = {
  name: 'deployment',
  title: 'A Deployment rolls out and back',
  profile: 'full',
  async run(stage) {
    let first = '';
    const created = await row(stage, this.name, 'Deployment', async () => (first = await rollTo(stage, '1')));
    const rollout = await row(stage, this.name, 'Deployment rollout', async () => {
      const second = await rollTo(stage, '2');
      if (second === first) throw new Error('the pods were not replaced');
      return second;
    });
    const rollback = await row(stage, this.name, 'Deployment rollback', async () => {
      const third = await rollTo(stage, '1');
      if (third !== first) throw new Error(`${third} has the pods, not ${first}`);
      return `${third} has the pods again`;
    });
    return [created, rollout, rollback];
  },
};

/** The pods everything else needs come from a DaemonSet. */
export const daemonSetCheck: Check = {
  name: 'daemon set',
  title: 'A DaemonSet has a pod on every node',
  profile: 'full',
  async run(stage) {
    return [
      await row(stage, this.name, 'DaemonSet', async () => {
        const probes = await stage.probes();
        const set = await untilObject(stage, ref(stage, 'apps/v1', 'DaemonSet', 'probe'), (object) => {
          const { numberReady = 0 } = statusOf(object);
          return numberReady >= probes.length ? undefined : `${numberReady} of ${probes.length} pods ready`;
        });
        return `${statusOf(set).numberReady ?? 0} pods ready`;
      }),
    ];
  },
};

function statefulSet(stage: Stage): readonly KubeObject[] {
  const service = { selector: { app: 'stable' }, clusterIP: 'None', ports: [{ name: 'http', port: 8080 }] };
  const spec = { replicas: 2, serviceName: 'stable', podManagementPolicy: 'Parallel', ...template(stage, 'stable', [NETEXEC]) };
  return [
    { apiVersion: 'v1', kind: 'Service', metadata: named(stage, 'stable'), spec: service },
    { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: named(stage, 'stable'), spec },
  ];
}

/** Names that stay, also of a pod that was made anew. */
export const statefulSetCheck: Check = {
  name: 'stateful set',
  title: 'Pods of a StatefulSet keep their names',
  profile: 'full',
  async run(stage) {
    for (const object of statefulSet(stage)) await stage.api.apply(object);
    const ready = (object: KubeObject): string | undefined =>
      statusOf(object).readyReplicas === 2 ? undefined : `${statusOf(object).readyReplicas ?? 0} of 2 pods ready`;
    const set = ref(stage, 'apps/v1', 'StatefulSet', 'stable');
    const made = await row(stage, this.name, 'StatefulSet', async () => {
      await untilObject(stage, set, ready);
      return 'stable-0 and stable-1 are ready';
    });
    if (made.status === 'failed') return [made];
    const probes = await stage.probes();
    const [from] = probes;
    const names = ['stable-0', 'stable-1'].map((name): Promise<VerifyRow> | undefined =>
      from === undefined
        ? undefined
        : dialRow(stage, this.name, {
            from,
            edge: `${from.node} → ${name} by its name`,
            target: { host: `${name}.stable.${stage.namespace}.svc.${stage.cluster.dnsDomain}`, port: 8080 },
            isRight: (answer) => answer === name,
          }),
    );
    const resolved = await Promise.all(names.filter((one) => one !== undefined));
    const again = await row(stage, this.name, 'StatefulSet pod made anew', () => remade(stage));
    return [made, ...resolved, again];
  },
};

async function remade(stage: Stage): Promise<string> {
  const pod = ref(stage, 'v1', 'Pod', 'stable-0');
  const old = (await stage.api.read(pod))?.metadata.uid;
  await stage.api.delete(pod, { gracePeriodSeconds: 0 });
  await untilObject(stage, pod, ({ metadata, ...rest }) => {
    if (metadata.uid === old) return 'the old pod is still there';
    const { phase } = (rest['status'] ?? {}) as { readonly phase?: string };
    return phase === 'Running' ? undefined : `the new pod is ${phase ?? 'not looked at yet'}`;
  });
  return 'stable-0 came back under its name';
}

function jobSpec(stage: Stage) {
  return { backoffLimit: 2, template: { spec: podSpec(stage, [{ args: ['dns-suffix'] }], { restartPolicy: 'Never' }) } };
}

/** Work that ends: by itself, and by the clock. */
export const jobs: Check = {
  name: 'jobs',
  title: 'A Job ends, a CronJob starts one',
  profile: 'full',
  async run(stage) {
    return Promise.all([
      row(stage, this.name, 'Job', async () => {
        const spec = { completions: 2, parallelism: 2, ...jobSpec(stage) };
        await stage.api.apply({ apiVersion: 'batch/v1', kind: 'Job', metadata: named(stage, 'once'), spec });
        await untilObject(stage, ref(stage, 'batch/v1', 'Job', 'once'), (object) =>
          statusOf(object).succeeded === 2 ? undefined : `${statusOf(object).succeeded ?? 0} of 2 pods have ended well`,
        );
        return '2 of 2 pods have ended well';
      }),
      row(stage, this.name, 'CronJob', () => cronJob(stage)),
    ]);
  },
};

async function cronJob(stage: Stage): Promise<string> {
  const spec = { schedule: '* * * * *', jobTemplate: { spec: jobSpec(stage) } };
  await stage.api.apply({ apiVersion: 'batch/v1', kind: 'CronJob', metadata: named(stage, 'clock'), spec });
  // A CronJob that ran last two minutes ago is late, and starts at once what it missed: no minute has to be waited for.
  const lastScheduleTime = new Date(Date.now() - 120_000).toISOString().replace(/\.\d+Z$/, 'Z');
  const path = `/apis/batch/v1/namespaces/${stage.namespace}/cronjobs/clock/status`;
  const { status, body } = await post(stage, path, { status: { lastScheduleTime } }, 'PATCH');
  if (status !== 200) throw new Error(`its status cannot be written: ${status} ${body.slice(0, 200)}`);
  return until(stage, 'a Job of the CronJob to end', WORKLOAD_PATIENCE_MS, async () => {
    const all = await stage.api.list({ apiVersion: 'batch/v1', kind: 'Job' }, { namespace: stage.namespace });
    const job = all.find(({ metadata }) => metadata.name.startsWith('clock-'));
    if (job === undefined) return notYet('no Job yet');
    return (statusOf(job).succeeded ?? 0) > 0
      ? seen(`${job.metadata.name} has ended well`)
      : notYet(`${job.metadata.name} has not ended yet`);
  });
}

/** Probes do what they are for. */
export const probesCheck: Check = {
  name: 'probes',
  title: 'A liveness probe restarts a container, a readiness probe keeps traffic away',
  profile: 'full',
  async run(stage) {
    const failing = { httpGet: { path: '/', port: 1 }, periodSeconds: 1, failureThreshold: 1 };
    await Promise.all([
      stage.api.apply(podObject(stage, 'unhealthy', [{ ...NETEXEC, livenessProbe: failing }])),
      stage.api.apply(podObject(stage, 'unready', [{ ...NETEXEC, readinessProbe: failing }])),
    ]);
    interface Containers {
      readonly containerStatuses?: readonly {
        readonly restartCount: number;
        readonly ready: boolean;
        readonly state?: { readonly running?: object };
      }[];
    }
    const container = (pod: KubeObject) => ((pod['status'] ?? {}) as Containers).containerStatuses?.[0];
    return Promise.all([
      row(stage, this.name, 'liveness probe', async () => {
        const pod = await untilObject(stage, ref(stage, 'v1', 'Pod', 'unhealthy'), (one) =>
          (container(one)?.restartCount ?? 0) > 0 ? undefined : 'its container was not restarted',
        );
        return `restarted ${container(pod)?.restartCount ?? 0} times`;
      }),
      row(stage, this.name, 'readiness probe', async () => {
        const pod = await untilObject(stage, ref(stage, 'v1', 'Pod', 'unready'), (one) =>
          container(one)?.state?.running === undefined ? 'its container does not run yet' : undefined,
        );
        if (container(pod)?.ready === true) throw new Error('it is ready though its probe fails');
        return 'it runs and is not ready';
      }),
    ]);
  },
};
