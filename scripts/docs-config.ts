import { renderConfigReference } from '../src/config/index.js';

process.stdout.write(renderConfigReference());
