import { dial, dialRow, hostRow, POD_PORTS } from '../dial.js';
import { notYet, row, seen, skipped, until } from '../row.js';
import { HOST_PORT } from '../stage.js';
import type { Check } from '../types.js';

const SERVICE_PORT = 80;
const STICKY_TRIES = 8;

/** Every pod to a service by its address. */
export const clusterIp: Check = {
  name: 'service',
  title: 'Pods reach a service by its address',
  profile: 'quick',
  async run(stage) {
    const [probes, { ip: host }] = await Promise.all([stage.probes(), stage.service('probe')]);
    const names = probes.map(({ name }) => name);
    return Promise.all(
      probes.map((from) =>
        dialRow(stage, this.name, {
          from,
          edge: `${from.node} → service`,
          target: { host, port: SERVICE_PORT },
          patienceMs: stage.patience.serviceMs,
          isRight: (answer) => names.includes(answer),
        }),
      ),
    );
  },
};

/** Every pod to the NodePort of every host. */
export const nodePort: Check = {
  name: 'node port',
  title: 'Pods reach a NodePort on every host',
  profile: 'full',
  async run(stage) {
    const [probes, { nodePort: port }] = await Promise.all([stage.probes(), stage.service('node-port')]);
    const names = probes.map(({ name }) => name);
    const edges = probes.flatMap((from) => stage.hosts.map((to) => ({ from, to })));
    return Promise.all(
      edges.map(({ from, to }) =>
        dialRow(stage, this.name, {
          from,
          edge: `${from.node} → ${to.name} NodePort`,
          target: { host: to.address, port },
          patienceMs: stage.patience.serviceMs,
          isRight: (answer) => names.includes(answer),
        }),
      ),
    );
  },
};

/** Every host to a service by its address. */
export const hostToService: Check = {
  name: 'host to service',
  title: 'Hosts reach a service by its address',
  profile: 'full',
  async run(stage) {
    const [probes, { ip: address }] = await Promise.all([stage.probes(), stage.service('probe')]);
    const names = probes.map(({ name }) => name);
    return Promise.all(
      stage.hosts.map((from) =>
        hostRow(stage, this.name, `${from.name} host → service`, {
          from,
          request: { address, port: SERVICE_PORT, path: '/hostname' },
          patienceMs: stage.patience.serviceMs,
          isRight: (body) => names.includes(body),
        }),
      ),
    );
  },
};

/** Every host to every pod. */
export const hostToPod: Check = {
  name: 'host to pod',
  title: 'Hosts reach pods on every host',
  profile: 'full',
  async run(stage) {
    const probes = await stage.probes();
    const edges = stage.hosts.flatMap((from) => probes.map((to) => ({ from, to })));
    return Promise.all(
      edges.map(({ from, to }) =>
        hostRow(stage, this.name, `${from.name} host → ${to.node} pod`, {
          from,
          request: { address: to.ip, port: POD_PORTS.http, path: '/hostname' },
          isRight: (body) => body === to.name,
        }),
      ),
    );
  },
};

/** A client stays with one pod of a service that wants it so. */
export const sessionAffinity: Check = {
  name: 'session affinity',
  title: 'A service with session affinity sends a client to one pod',
  profile: 'full',
  async run(stage) {
    const [probes, { ip: stickyIp }] = await Promise.all([stage.probes(), stage.service('sticky')]);
    if (probes.length < 2) return [skipped(this.name, 'service', 'one node has one pod of the service: there is no other to go to')];
    return Promise.all(
      probes.map((from) =>
        row(stage, this.name, `${from.node} → sticky service`, () =>
          until(stage, 'one pod to answer every time', stage.patience.serviceMs, async () => {
            const { responses, errors } = await dial(stage, from, { host: stickyIp, port: SERVICE_PORT, tries: STICKY_TRIES });
            const [error] = errors;
            if (error !== undefined) return notYet(error);
            const pods = new Set(responses);
            return pods.size === 1 && responses.length === STICKY_TRIES
              ? seen(`${[...pods].join()} answered ${STICKY_TRIES} times`)
              : notYet(`${pods.size} pods answered: ${[...pods].join(', ')}`);
          }),
        ),
      ),
    );
  },
};

/** A port of a host that belongs to a pod: each host asks the next one. */
export const hostPort: Check = {
  name: 'host port',
  title: 'A host port leads to its pod',
  profile: 'full',
  async run(stage) {
    const peers = await stage.peers();
    return Promise.all(
      stage.hosts.map((from, index) => {
        const to = stage.hosts[(index + 1) % stage.hosts.length] ?? from;
        const pod = peers.find(({ node }) => node === to.name);
        return hostRow(stage, this.name, `${from.name} host → ${to.name} host port ${HOST_PORT}`, {
          from,
          request: { address: to.address, port: HOST_PORT, path: '/etc/hostname' },
          isRight: (body) => body === pod?.name,
        });
      }),
    );
  },
};
