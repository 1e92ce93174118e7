export { joinScript, type JoinScriptInput } from './script.js';
export { partsBaseUrl } from './parts.js';
