import { KbsError } from '../errors/index.js';

/** What the order of tasks depends on: a phase without its steps. */
export interface GraphPhase {
  readonly name: string;
  /** Names of the hosts it runs on; for a cluster phase the one host in whose name it works. */
  readonly hosts: readonly string[];
  readonly isCluster: boolean;
  readonly atOnce?: number;
  readonly after?: readonly string[];
  readonly waitsFor?: readonly string[];
}

/** One phase on one host, with everything that has to end before it may start. */
export interface TaskNode {
  readonly phase: string;
  readonly host: string;
  /** Tasks of the same host (or of the cluster lane). */
  readonly after: readonly TaskNode[];
  /** For each phase waited for, its tasks on every host. */
  readonly waitsFor: readonly (readonly TaskNode[])[];
  /** How many tasks of this phase may run at the same time. */
  readonly atOnce: number;
}

interface MutableNode extends TaskNode {
  after: TaskNode[];
  waitsFor: (readonly TaskNode[])[];
}

/** The lane of cluster phases; no host name is empty. */
const CLUSTER_LANE = '';

type Lanes = ReadonlyMap<string, MutableNode>;

/**
 * Works out which task waits for which. Pure.
 * @returns tasks in the order of the phases, then of the hosts
 * @throws KbsError INTERNAL for unknown or doubled names, dependencies across lanes, an impossible atOnce, cycles
 */
export function buildTaskGraph(phases: readonly GraphPhase[]): readonly TaskNode[] {
  const lanesOf = new Map<string, Lanes>();
  for (const phase of phases) {
    if (lanesOf.has(phase.name)) throw broken(`phase ${phase.name} stands twice in the list`);
    if (!(phase.atOnce === undefined || phase.atOnce >= 1)) throw broken(`phase ${phase.name}: atOnce is ${phase.atOnce}, not 1 or more`);
    lanesOf.set(phase.name, makeNodes(phase));
  }
  checkNames(phases);
  linkNodes(phases, lanesOf);
  const nodes = phases.flatMap((phase) => [...(lanesOf.get(phase.name)?.values() ?? [])]);
  const cycle = findCycle(nodes);
  if (cycle) throw broken(`phases wait for each other: ${cycle.join(' → ')}`);
  return nodes;
}

function makeNodes(phase: GraphPhase): Lanes {
  const atOnce = phase.atOnce ?? Number.POSITIVE_INFINITY;
  const lanes = new Map<string, MutableNode>();
  for (const host of phase.hosts) {
    if (lanes.has(host)) throw broken(`two hosts are called ${host}`);
    lanes.set(phase.isCluster ? CLUSTER_LANE : host, { phase: phase.name, host, after: [], waitsFor: [], atOnce });
  }
  return lanes;
}

function checkNames(phases: readonly GraphPhase[]): void {
  const byName = new Map(phases.map((phase) => [phase.name, phase]));
  for (const phase of phases) {
    for (const name of phase.after ?? []) {
      const other = byName.get(name);
      if (!other) throw broken(`phase ${phase.name} comes after ${name}, which is not in the list`);
      if (other.isCluster !== phase.isCluster) {
        throw broken(`phase ${phase.name} comes after ${name}, which runs in the other lane: name it in waitsFor`);
      }
    }
    for (const name of phase.waitsFor ?? []) {
      if (!byName.has(name)) throw broken(`phase ${phase.name} waits for ${name}, which is not in the list`);
    }
  }
}

function linkNodes(phases: readonly GraphPhase[], lanesOf: ReadonlyMap<string, Lanes>): void {
  const lastOnLane = new Map<string, TaskNode>();
  for (const phase of phases) {
    const barriers = (phase.waitsFor ?? []).map((name) => [...(lanesOf.get(name)?.values() ?? [])]).filter((tasks) => tasks.length > 0);
    for (const [lane, node] of lanesOf.get(phase.name) ?? []) {
      node.waitsFor = barriers;
      const named = (phase.after ?? []).map((name) => lanesOf.get(name)?.get(lane)).filter((task) => task !== undefined);
      const previous = lastOnLane.get(lane);
      if (named.length > 0) node.after = named;
      else if (phase.after?.length !== 0 && previous) node.after = [previous];
      lastOnLane.set(lane, node);
    }
  }
}

/** Names of the phases on a cycle, first one repeated at the end; undefined when there is none. */
function findCycle(nodes: readonly TaskNode[]): readonly string[] | undefined {
  const done = new Set<TaskNode>();
  const path: TaskNode[] = [];
  const visit = (node: TaskNode): readonly string[] | undefined => {
    if (done.has(node)) return undefined;
    const start = path.indexOf(node);
    if (start >= 0) return [...path.slice(start), node].map((task) => task.phase);
    path.push(node);
    for (const needed of [...node.after, ...node.waitsFor.flat()]) {
      const cycle = visit(needed);
      if (cycle) return cycle;
    }
    path.pop();
    done.add(node);
    return undefined;
  };
  for (const node of nodes) {
    const cycle = visit(node);
    if (cycle) return cycle;
  }
  return undefined;
}

function broken(message: string): KbsError {
  return new KbsError('INTERNAL', message);
}
