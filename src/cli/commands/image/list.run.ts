import type { ImagePlan } from '../../../images/plan-image.ts';
import type { NodeSpec } from '../../../spec/model.ts';
import { schematicId } from '../../../talos/schematic/schematic.ts';
import type { IchorContext } from '../../context.ts';
import { requireCluster, selectNodes } from '../../cluster-file.ts';
import { partText } from '../../cluster/explain-term.ts';
import { imageOf } from '../../cluster/render.ts';
import { dataColours, print, printJson } from '../../output.ts';
import { renderTable } from '../../terminal/table.ts';
import type { ImageFlags } from './route.ts';

interface NodeImagePlan {
  readonly node: NodeSpec;
  readonly image: ImagePlan;
}

export async function runList(this: IchorContext, flags: ImageFlags): Promise<void> {
  const images = await planned(this, flags);
  if (flags.output === 'json') {
    printJson(this, {
      nodes: images.map(({ node, image }) => ({
        node: node.name,
        talos: image.talos,
        platform: image.platform,
        arch: image.arch,
        secureboot: image.secureboot,
        schematicId: image.schematicId,
        ...(image.schematicIdOlder === undefined ? {} : { schematicIdOlder: image.schematicIdOlder }),
        extensions: image.extensions,
        kernelArgs: image.kernelArgs,
        installer: image.urls.installer,
      })),
    });
    return;
  }
  const rows = images.map(({ node, image }) => [
    node.name,
    `${image.talos} ${image.platform}-${image.arch}${image.secureboot ? '-secureboot' : ''}`,
    image.schematicId.slice(0, 12),
    image.extensions.join(' ') || '-',
    image.kernelArgs.join(' ') || '-',
    image.urls.installer,
  ]);
  print(this, renderTable(['NODE', 'IMAGE', 'SCHEMATIC', 'EXTENSIONS', 'ARGUMENTS', 'INSTALLER'], rows));
}

export async function runExplainImage(this: IchorContext, flags: ImageFlags): Promise<void> {
  const images = await planned(this, flags);
  if (flags.output === 'json') {
    printJson(this, {
      nodes: images.map(({ node, image: { schematicId: id, explain, checks, commandLine, findings } }) => ({
        node: node.name,
        schematicId: id,
        parts: explain,
        commandLine,
        checks,
        findings,
      })),
    });
    return;
  }
  const colours = dataColours(this);
  print(
    this,
    images
      .map(({ node, image }) =>
        [
          `${colours.bold(node.name)} ${image.schematicId}`,
          ...(image.explain.length === 0 ? ['  plain Talos'] : image.explain.map((part) => `  ${partText(part)}`)),
          ...image.checks.map((check) => `  after boot: ${check}`),
          ...image.findings.map(({ severity, message }) => `  ${severity}: ${message}`),
        ].join('\n'),
      )
      .join('\n\n'),
  );
}

export async function runUrls(this: IchorContext, flags: ImageFlags): Promise<void> {
  const images = await planned(this, flags);
  if (flags.output === 'json') {
    printJson(this, {
      nodes: images.map(({ node, image: { schematicId: id, talos, platform, arch, secureboot, urls } }) => ({
        node: node.name,
        schematicId: id,
        talos,
        platform,
        arch,
        secureboot,
        urls,
      })),
    });
    return;
  }
  const rows = images.flatMap(({ node, image }) =>
    Object.entries(image.urls).map(([kind, url]) => [node.name, kind, String(url)]),
  );
  print(this, renderTable(['NODE', 'WHAT', 'ADDRESS'], rows));
}

export async function runSchematic(this: IchorContext, flags: ImageFlags): Promise<void> {
  const images = await planned(this, flags);
  const texts = new Map<string, { readonly nodes: string[]; readonly text: string | undefined }>();
  for (const { node, image } of images) {
    const known = texts.get(image.schematicId);
    // One that the spec names by its id has no text here.
    const text = image.schematic === undefined ? undefined : schematicId(image.schematic).canonical;
    if (known === undefined) texts.set(image.schematicId, { nodes: [node.name], text });
    else known.nodes.push(node.name);
  }
  const schematics = [...texts].map(([id, { nodes, text }]) => ({ id, nodes, schematic: text }));
  if (flags.output === 'json') return printJson(this, { schematics });
  print(
    this,
    schematics
      .map(
        ({ id, nodes, schematic }) =>
          `# ${nodes.join(', ')}: ${id}\n${schematic ?? '# named by its id: the factory has it\n'}`,
      )
      .join('---\n'),
  );
}

async function planned(context: IchorContext, flags: ImageFlags): Promise<readonly NodeImagePlan[]> {
  const cluster = await requireCluster(context, flags.file);
  return selectNodes(cluster, flags.node).map((node) => ({ node, image: imageOf(cluster, node) }));
}
