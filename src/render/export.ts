/** What goes beside exported machine configs: how to run the cluster with talosctl alone. Names no secret. */
import type { Cluster, NodeSpec } from '../spec/model.ts';
import { controlPlanes, wantedIp } from '../spec/model.ts';

export function exportReadme(cluster: Cluster, nodes: readonly NodeSpec[]): string {
  const [first] = controlPlanes(cluster);
  const endpoints = controlPlanes(cluster).map(placeOf);
  const start =
    first === undefined
      ? []
      : [
          '',
          'A cluster that does not run yet is started once, on one control plane:',
          '',
          code(`talosctl bootstrap -n ${placeOf(first)}`),
        ];
  return [
    `# ${cluster.name}`,
    '',
    'Machine configs for use with talosctl. They hold the secrets of the cluster: do not commit them.',
    '',
    'Client configuration, out of the secrets bundle:',
    '',
    code(
      `talosctl gen config ${cluster.name} ${cluster.endpoint.url} --with-secrets ${cluster.secrets} --output-types talosconfig -o talosconfig`,
      `talosctl --talosconfig talosconfig config endpoint ${endpoints.join(' ')}`,
      'export TALOSCONFIG=$PWD/talosconfig',
    ),
    '',
    'Where the bundle is encrypted, decrypt it for that one command: `sops decrypt FILE > secrets.yaml`.',
    '',
    'To a machine that runs (`--insecure` to one that waits in maintenance mode):',
    '',
    code(...nodes.map((node) => `talosctl apply-config -n ${placeOf(node)} -f ${node.name}.yaml`)),
    ...start,
    '',
    'Upgrades take the installer image that stands in each config:',
    '',
    code('talosctl upgrade -n ADDRESS --image IMAGE'),
    '',
  ].join('\n');
}

function placeOf(node: NodeSpec): string {
  return wantedIp(node) ?? node.name;
}

function code(...lines: readonly string[]): string {
  return ['```sh', ...lines, '```'].join('\n');
}
