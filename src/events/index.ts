export { createEventBus, type EventBus, type EventSink } from './bus.js';
export type { KbsEvent, KbsEventBody, Plan, RunStatus, StepStatus, TaskRef } from './types.js';
