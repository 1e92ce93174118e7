export { SHELLS, renderCompletion, type Shell } from './render.js';
export type { CompletedCommand, CompletedFlag, CompletionTree } from './tree.js';
