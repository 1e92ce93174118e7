export { jsonFields, tryParseJson } from './json-text.js';
