import type { KbsEvent, KbsEventBody } from './types.js';

/** Receives every event of a run, in order. Must not throw. */
export type EventSink = (event: KbsEvent) => void;

/** The one channel between the engine and everything that shows or stores what it does. */
export interface EventBus {
  /** Identifier of the run: stands in every event and in the run log's name. */
  readonly run: string;
  emit(body: KbsEventBody): void;
  subscribe(sink: EventSink): () => void;
}

/**
 * Makes the bus of one run.
 * @param options.run identifier of the run, e.g. `20261121-101500-3f2a`
 * @param options.now clock, in milliseconds since the epoch
 */
export function createEventBus(options: { readonly run: string; readonly now: () => number }): EventBus {
  const sinks = new Set<EventSink>();
  return {
    run: options.run,
    emit(body) {
      const event = { v: 1 as const, at: new Date(options.now()).toISOString(), run: options.run, ...body };
      for (const sink of sinks) sink(event);
    },
    subscribe(sink) {
      sinks.add(sink);
      return () => sinks.delete(sink);
    },
  };
}
