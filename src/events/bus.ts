import type { Secret } from '../secret/index.js';
import { createRedactor } from './redact.js';
import type { KbsEvent, KbsEventBody } from './types.js';

/** Receives every event of a run, in order. Must not throw. */
export type EventSink = (event: KbsEvent) => void;

/** The one channel between the engine and everything that shows or stores what it does. */
export interface EventBus {
  /** Identifier of the run: stands in every event and in the run log's name. */
  readonly run: string;
  emit(body: KbsEventBody): void;
  subscribe(sink: EventSink): () => void;
  /** Makes a secret known to the run: from now on its value is `***` in every event, whoever let it slip. */
  hide(secret: Secret): void;
  /** What {@link EventBus.emit} does to its events, for text that is shown without being an event. */
  redact<T>(value: T): T;
}

/**
 * Makes the bus of one run.
 * @param options.run identifier of the run, e.g. `20261121-101500-3f2a`
 * @param options.now clock, in milliseconds since the epoch
 */
export function createEventBus(options: { readonly run: string; readonly now: () => number }): EventBus {
  const sinks = new Set<EventSink>();
  const redactor = createRedactor();
  return {
    run: options.run,
    emit(body) {
      const event = { v: 1 as const, at: new Date(options.now()).toISOString(), run: options.run, ...redactor.redact(body) };
      for (const sink of sinks) sink(event);
    },
    subscribe(sink) {
      sinks.add(sink);
      return () => sinks.delete(sink);
    },
    hide: (secret) => redactor.add(secret),
    redact: (value) => redactor.redact(value),
  };
}
