import type { KbsEvent } from '../events/index.js';

/** What one host is doing in a phase right now. */
export interface HostProgress {
  readonly host: string;
  step: string;
  message: string;
  stepStartedMs: number;
}

/** How far a phase is. */
export interface PhaseProgress {
  readonly name: string;
  readonly title: string;
  readonly hosts: number;
  readonly active: Map<string, HostProgress>;
  startedMs: number;
  hostsDone: number;
  changed: number;
  planned: number;
  state: 'waiting' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'skipped';
  reason: string;
}

/** The state of a run as its events tell it: what a view needs to draw at any moment. */
export class RunProgress {
  readonly phases = new Map<string, PhaseProgress>();

  /** @param nowMs time of the event, milliseconds */
  take(event: KbsEvent, nowMs: number): void {
    if (event.type === 'run.start') {
      for (const { name, title, hosts } of event.phases) this.phases.set(name, waitingPhase(name, title, hosts.length));
      return;
    }
    if (!('phase' in event) || event.phase === undefined) return;
    const phase = this.phases.get(event.phase);
    if (phase) takePhaseEvent(phase, event, nowMs);
  }
}

function waitingPhase(name: string, title: string, hosts: number): PhaseProgress {
  const counts = { startedMs: 0, hostsDone: 0, changed: 0, planned: 0 };
  return { name, title, hosts, active: new Map(), ...counts, state: 'waiting', reason: '' };
}

function takePhaseEvent(phase: PhaseProgress, event: KbsEvent, nowMs: number): void {
  switch (event.type) {
    case 'phase.start':
      phase.state = 'running';
      phase.startedMs = nowMs;
      break;
    case 'phase.end':
      phase.state = event.skipped === undefined ? event.status : 'skipped';
      phase.reason = event.skipped ?? '';
      break;
    case 'host.start':
      phase.active.set(event.host, { host: event.host, step: '', message: '', stepStartedMs: nowMs });
      break;
    case 'host.end':
      phase.active.delete(event.host);
      phase.hostsDone += 1;
      break;
    case 'step.start':
      phase.active.set(event.host, { host: event.host, step: event.title, message: '', stepStartedMs: nowMs });
      break;
    case 'step.progress':
      setMessage(phase, event.host, event.message);
      break;
    case 'step.retry':
      setMessage(phase, event.host, `${event.code}, try ${event.attempt} follows`);
      break;
    case 'step.end':
      if (event.status === 'changed') phase.changed += 1;
      if (event.status === 'planned') phase.planned += 1;
      break;
    default:
      break;
  }
}

function setMessage(phase: PhaseProgress, host: string, message: string): void {
  const progress = phase.active.get(host);
  if (progress) progress.message = message;
}

/** Hosts that are named below a phase; the others are counted. */
const SHOWN_HOSTS = 6;

/** The line of a phase: "Container runtime  37/50 hosts  12 s". */
export function describePhase(phase: PhaseProgress, nowMs: number): string {
  const seconds = `${Math.round((nowMs - phase.startedMs) / 1000)} s`;
  if (phase.state === 'skipped') return `${phase.title}  skipped: ${phase.reason}`;
  const hosts =
    phase.state === 'running' ? `${phase.hostsDone}/${phase.hosts} hosts` : `${phase.hosts} ${phase.hosts === 1 ? 'host' : 'hosts'}`;
  const did = phase.changed > 0 ? `  ${phase.changed} changed` : phase.planned > 0 ? `  ${phase.planned} would change` : '';
  return `${phase.title}  ${hosts}${did}  ${seconds}`;
}

/** The lines below a running phase: the hosts that are longest in their step, since these are what one waits for. */
export function describeHosts(phase: PhaseProgress, nowMs: number): readonly string[] {
  const hosts = [...phase.active.values()].sort((a, b) => a.stepStartedMs - b.stepStartedMs);
  const width = Math.max(0, ...hosts.slice(0, SHOWN_HOSTS).map(({ host }) => host.length));
  const lines = hosts.slice(0, SHOWN_HOSTS).map(({ host, step, message, stepStartedMs }) => {
    const seconds = Math.floor((nowMs - stepStartedMs) / 1000);
    return [host.padEnd(width), step, message, seconds >= 2 ? `${seconds} s` : ''].filter((part) => part !== '').join('  ');
  });
  return hosts.length > SHOWN_HOSTS ? [...lines, `and ${hosts.length - SHOWN_HOSTS} more`] : lines;
}
