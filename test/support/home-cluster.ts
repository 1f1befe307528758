/** The cluster file that end-to-end tests bring up: static addresses, three control planes behind a VIP unless fewer are asked for. */

export interface HomeCluster {
  readonly name?: string;
  readonly controlPlanes?: number;
  readonly workers?: number;
  readonly secrets?: string;
  /** Further lines of the file. */
  readonly more?: string;
}

export function homeCluster({
  name = 'home',
  controlPlanes = 3,
  workers = 0,
  secrets = 'secrets.yaml',
  more = '',
}: HomeCluster = {}): string {
  const planes = Array.from({ length: controlPlanes }, (_, index) =>
    nodeLine(`cp-${index + 1}`, 'controlplane', index + 1),
  );
  const others = Array.from({ length: workers }, (_, index) => nodeLine(`w-${index + 1}`, 'worker', index + 21));
  return `ichor: 1
name: ${name}
endpoint: https://10.0.4.100:6443
talos: v1.13.9
kubernetes: v1.36.3
secrets: ${secrets}
network: { subnet: 10.0.4.0/24, gateway: 10.0.4.1, nameservers: [1.1.1.1], timeservers: [time.cloudflare.com], vip: 10.0.4.100 }
scheduling: true
nodes:
${[...planes, ...others].join('\n')}
${more}`;
}

function nodeLine(name: string, role: string, index: number): string {
  const mac = `00:23:24:00:00:${String(index).padStart(2, '0')}`;
  return `  ${name}: { role: ${role}, platform: metal, address: 10.0.4.${100 + index}, mac: "${mac}", install: { disk: { serial: S6Z${index} } } }`;
}
