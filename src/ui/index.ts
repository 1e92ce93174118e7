export { renderError, type ErrorViewOptions } from './error-view.js';
export { type LogLevel } from './plain-sink.js';
export { renderPlan, renderPlanSummary, type PlannedChange } from './plan-view.js';
export { Session, type OutputChoice, type SessionOptions } from './session.js';
export { type Style } from './style.js';
export { renderTable, type Column, type TableOptions } from './table.js';
export { countOf, displayWidth, formatDuration } from './text.js';
export { computeTimings, type PathLink, type PhaseTiming, type Timings } from './timings.js';
export { renderTimings } from './timings-view.js';
