export { parseYamlStream, printYaml, printYamlScalar, yamlProblem } from './yaml-text.js';
