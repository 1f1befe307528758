/** What `import 'ichor'` gives: the machinery behind the commands, text in, text and findings out. Semantic versioning covers it. */
export { IchorError, ERROR_CODES, type IchorErrorCode, type SourcePosition } from './errors.ts';
export { loadCluster, hasErrors, type LoadResult } from './spec/load.ts';
export type { Finding } from './spec/finding.ts';
export type { Cluster, NodeSpec } from './spec/model.ts';
export { renderNode, type RenderedNode } from './render/render.ts';
export type { RenderInput } from './render/layers.ts';
export { generateConfig, type GeneratedConfig } from './talos/generate/generate.ts';
export type { GenerateInput, GenerateOptions } from './talos/generate/input.ts';
export { patchConfig, type PatchedText, type PatchOptions, type PatchWarning } from './talos/patch/patch.ts';
export { validateConfig, type ValidateOptions, type Validation } from './talos/validate/validate.ts';
export type { ConfigFinding } from './talos/documents/finding.ts';
export type { SecretsBundle } from './talos/secrets-bundle.ts';
export { generateBundle, parseBundle, renderBundle } from './secrets/bundle.ts';
export { schematicId, parseSchematic, VANILLA_SCHEMATIC_ID } from './talos/schematic/schematic.ts';
export { planImage } from './images/plan-image.ts';
