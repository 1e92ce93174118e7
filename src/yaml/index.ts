export { printYaml, printYamlScalar, yamlProblem } from './yaml-text.js';
