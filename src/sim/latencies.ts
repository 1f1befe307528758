/**
 * How long things take on a simulated machine, in milliseconds of its own time: one table, scriptable as a whole. The defaults are those of
 * a small server with an SSD and a fair line; where a real node was measured the source is named.
 */
export interface Latencies {
  /** Power to the first line of the kernel. */
  readonly firmware: number;
  /** Kernel and initramfs to machined; after a kexec only this passes. */
  readonly kernel: number;
  /** From the end of an install to the next kernel, by kexec. */
  readonly kexec: number;
  /** machined reading the stored config from STATE. */
  readonly loadConfig: number;
  /** From a config that was found at boot to the secured API. */
  readonly secureApi: number;
  /** trustd of a control plane, which signs the workers' certificates. */
  readonly trustd: number;
  /** Pull of the installer image. */
  readonly installerPull: number;
  /** The installer writing the disk. */
  readonly install: number;
  /** Services stopping at a reboot, shutdown or reset (cri alone 7 s: FINDINGS 5.11). */
  readonly stop: number;
  /** Until apid stops answering after a Reboot (FINDINGS 5.11). */
  readonly apiGone: number;
  /** Wiping the partitions of a reset. */
  readonly wipe: number;
  /** The CRI containerd becoming healthy (measured 1 s). */
  readonly cri: number;
  readonly kubeletPull: number;
  /** Kubelet process to its health check passing (measured 2 s). */
  readonly kubelet: number;
  readonly etcdPull: number;
  /** etcd process to its first answer (measured 1 s). */
  readonly etcdStart: number;
  /** etcd answering to the service healthy and EtcdMembers present (measured 4 s more). */
  readonly etcdHealth: number;
  /** Until a second Bootstrap is AlreadyExists instead of OK (measured 1 s). */
  readonly etcdDirectory: number;
  /** From a running etcd elsewhere to the member being added as a learner (measured 1.6 s). */
  readonly etcdJoin: number;
  readonly staticPodPull: number;
  /** kube-apiserver process to /readyz. */
  readonly apiServer: number;
  readonly controllerManager: number;
  readonly scheduler: number;
  /** Kubelet to the registered Node once the API answers. */
  readonly nodeRegistration: number;
  /** Manifests applied to the CNI running on a node. */
  readonly cni: number;
  readonly coreDns: number;
  /** Until Kubernetes calls a node with a silent kubelet Unknown (node-monitor-grace-period). */
  readonly nodeMonitorGrace: number;
  /** Until a dead owner's VIP is free for another (etcd session). */
  readonly vipLease: number;
  readonly vipClaim: number;
  readonly dhcp: number;
  readonly imagePull: number;
  readonly upgrade: number;
  /** Wait of a failed sequence before the machine reboots itself. */
  readonly panicReboot: number;
  /** One unary answer over the network. */
  readonly call: number;
}

export const DEFAULT_LATENCIES: Latencies = {
  firmware: 17_000,
  kernel: 6_500,
  kexec: 1_000,
  loadConfig: 1_500,
  secureApi: 500,
  trustd: 1_000,
  installerPull: 12_000,
  install: 26_000,
  stop: 8_000,
  apiGone: 260,
  wipe: 4_000,
  cri: 1_000,
  kubeletPull: 9_000,
  kubelet: 2_000,
  etcdPull: 6_000,
  etcdStart: 1_000,
  etcdHealth: 4_000,
  etcdDirectory: 1_000,
  etcdJoin: 1_600,
  staticPodPull: 14_000,
  apiServer: 9_000,
  controllerManager: 3_000,
  scheduler: 2_000,
  nodeRegistration: 2_500,
  cni: 9_000,
  coreDns: 6_000,
  nodeMonitorGrace: 40_000,
  vipLease: 10_000,
  vipClaim: 500,
  dhcp: 1_500,
  imagePull: 8_000,
  upgrade: 30_000,
  panicReboot: 10_000,
  call: 1,
};

/** Some of the latencies, as people write them: milliseconds by name. Throws an error that names what is wrong. */
export function parseLatencies(value: unknown): Partial<Latencies> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('it is not an object');
  for (const [name, ms] of Object.entries(value)) {
    if (!(name in DEFAULT_LATENCIES)) throw new Error(`there is no latency ${name}`);
    if (typeof ms !== 'number' || !Number.isFinite(ms) || ms < 0)
      throw new Error(`${name} is not a number of milliseconds`);
  }
  return value;
}
