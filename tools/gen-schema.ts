/** Writes `schema/cluster.schema.json`, which editors complete and check cluster files with. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { clusterJsonSchemaText } from '../src/spec/json-schema.ts';

const target = new URL('../schema/cluster.schema.json', import.meta.url);
mkdirSync(new URL('.', target), { recursive: true });
writeFileSync(target, clusterJsonSchemaText());
