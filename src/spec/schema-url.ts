/** Where editors find the JSON Schema of the cluster file: the copy inside the published package. */
export const SCHEMA_URL = 'https://unpkg.com/ichor/schema/cluster.schema.json';
