/**
 * What the simulator does and how much of it is known to be Talos': `recorded` from real nodes, `read in source`, or `assumed`.
 * `ichor sim --explain` prints this, so that nobody mistakes an assumption for Talos.
 */

export interface Behaviour {
  readonly name: string;
  readonly what: string;
  readonly mark: 'recorded' | 'read in source' | 'assumed';
  /** Where it is known from: a step of the recordings, an upstream file, or why it was assumed. */
  readonly source: string;
}

const SEQUENCER = 'siderolabs/talos internal/app/machined/pkg/runtime/v1alpha1/v1alpha1_sequencer.go';
const SERVER = 'siderolabs/talos internal/app/machined/internal/server/v1alpha1/v1alpha1_server.go';

export const BEHAVIOURS: readonly Behaviour[] = [
  {
    name: 'maintenance',
    what: 'Maintenance answers on port 50000 without client certificates: few methods up to 1.12, the whole API with the rights of os:reader since 1.13.',
    mark: 'recorded',
    source: 'recordings 01 to 03 of all minors',
  },
  {
    name: 'maintenance-certificate',
    what: 'The maintenance certificate is CN=maintenance-service.talos.dev of an unnamed authority that is not sent.',
    mark: 'recorded',
    source: 'recordings 01-maintenance-tls',
  },
  {
    name: 'server-certificate',
    what: "The API certificate is signed by the config's authority for 24 h; 127.0.0.1 is among its names since 1.13; an owner of the VIP gets it added.",
    mark: 'recorded',
    source: 'recordings 06-tls; the VIP from siderolabs/talos secrets/api.go',
  },
  {
    name: 'tls',
    what: 'Since 1.13 TLS 1.3 only; ALPN h2 is needed by the simulator although Talos does not need it.',
    mark: 'recorded',
    source: 'recordings 01-maintenance-tls, 06-tls',
  },
  {
    name: 'client-certificates',
    what: 'Client certificates of another authority, expired, or with more purposes than client authentication end the connection.',
    mark: 'recorded',
    source: 'recordings 06-auth',
  },
  {
    name: 'roles',
    what: 'Roles and the methods that they may call; unknown roles grant nothing.',
    mark: 'recorded',
    source: 'recordings 06-auth, 07',
  },
  {
    name: 'apply-maintenance',
    what: 'ApplyConfiguration in maintenance, with the codes and texts of each minor; partial configs take effect and the node stays in maintenance.',
    mark: 'recorded',
    source: 'recordings 04',
  },
  {
    name: 'apply-configured',
    what: 'ApplyConfiguration on a configured node: modes, dry run, TRY with its timer, STAGED, the refusal of REBOOT on 1.14.',
    mark: 'recorded',
    source: 'recordings 10-day2',
  },
  {
    name: 'validation',
    what: "A config is judged by the checks that bring-up runs into, not by all of Talos'.",
    mark: 'recorded',
    source: 'recordings 04-maintenance-apply-invalid; the rest is not checked',
  },
  {
    name: 'hand-over',
    what: 'After an apply the port is closed for 0.3 s (0.5 s up to 1.12), or as long as maintenance streams are open, at most 10 s (5 s).',
    mark: 'recorded',
    source: 'recordings 05-apply-and-boot',
  },
  {
    name: 'install',
    what: 'A complete config starts the install on the first matching disk, then the machine boots from it with a new boot id.',
    mark: 'read in source',
    source: SEQUENCER,
  },
  {
    name: 'install-fails',
    what: 'A missing install disk ends the sequence with an error, and the machine reboots itself into maintenance.',
    mark: 'assumed',
    source: 'the sequence error is in the sequencer; the time until the reboot is a guess',
  },
  {
    name: 'unattended-install',
    what: '1.14 installs by UnattendedInstallConfig and tells of it in UnattendedInstallStatuses; without one it runs on from memory.',
    mark: 'read in source',
    source: 'siderolabs/talos runtime/unattended_install.go at v1.14.0-rc.1',
  },
  {
    name: 'boot-events',
    what: 'Order of sequences, phases, tasks and service events of a boot.',
    mark: 'recorded',
    source: 'recordings 05-apply-and-boot (container mode)',
  },
  {
    name: 'worker-certificate',
    what: "A worker's secured API needs a running trustd of a control plane.",
    mark: 'read in source',
    source: 'siderolabs/talos secrets/api.go (worker certificates come from trustd)',
  },
  {
    name: 'bootstrap',
    what: 'FailedPrecondition before CRI is healthy, OK twice within a second, then AlreadyExists; the stage is running as soon as it is accepted.',
    mark: 'recorded',
    source: 'recordings 09-etcd-bootstrap',
  },
  {
    name: 'etcd-hangs',
    what: "Every Etcd call hangs until the caller's deadline while there is no etcd.",
    mark: 'recorded',
    source: 'recordings 07, 09',
  },
  {
    name: 'etcd-join',
    what: 'Others join as a learner after 1.6 s and are voters after 46 s (1.11, 1.12), 17 s (1.13), 3 s (1.14).',
    mark: 'recorded',
    source: 'recordings 11; 1.11 was not measured and taken like 1.12',
  },
  {
    name: 'etcd-quorum',
    what: 'Without a majority calls hang and there is no leader; a dead leader is replaced at once.',
    mark: 'assumed',
    source: 'etcd elects within about a second; the simulator does not wait',
  },
  {
    name: 'vip',
    what: 'A control plane with a running etcd takes the VIP; a dead owner blocks it for 10 s.',
    mark: 'assumed',
    source: 'siderolabs/talos network/operator/vip (etcd election); the lease of a dead owner is a guess',
  },
  {
    name: 'kubernetes',
    what: 'Nodes register when an API server answers, are Ready once the CNI runs, and Unknown 40 s after their kubelet stopped.',
    mark: 'assumed',
    source: "Kubernetes' documented defaults; no Kubernetes was recorded",
  },
  {
    name: 'static-pods',
    what: 'kube-apiserver, controller manager and scheduler start once etcd runs on the node.',
    mark: 'read in source',
    source: 'siderolabs/talos k8s/control_plane_static_pod.go',
  },
  {
    name: 'services',
    what: 'Service states and their events; start, stop and restart with their refusals.',
    mark: 'recorded',
    source: 'recordings 05, 07-admin-calls-as-admin',
  },
  {
    name: 'sequences',
    what: 'Reboot, shutdown, reset, upgrade; which takes over which; a locked one is answered OK.',
    mark: 'recorded',
    source: 'recordings 14; take-over of upgrade from Sequence.CanTakeOver',
  },
  {
    name: 'reset',
    what: 'Whole disk, or partitions by label; graceful leaves etcd first and aborts when that fails.',
    mark: 'read in source',
    source: SEQUENCER,
  },
  {
    name: 'upgrade',
    what: 'LifecycleService writes the other boot entry and does not reboot; MachineService.Upgrade does.',
    mark: 'read in source',
    source: 'siderolabs/talos internal/app/lifecycle/lifecycle.go, ' + SERVER,
  },
  { name: 'rollback', what: 'Swaps the boot entries and reboots.', mark: 'read in source', source: SERVER },
  {
    name: 'routing',
    what: 'node and nodes metadata, fan-out with one element per node, refusals.',
    mark: 'recorded',
    source: 'recordings 06-routing, 11-three-control-planes-routing, 12-worker',
  },
  {
    name: 'cosi',
    what: 'Get, List and Watch with their bookkeeping events; access by type and role; every write refused.',
    mark: 'recorded',
    source: 'recordings 03, 08',
  },
  {
    name: 'cosi-content',
    what: 'Types that bring-up reads have content; all others exist and are empty. proto_spec is only filled for ResourceDefinitions.',
    mark: 'assumed',
    source: 'a simplification of the simulator',
  },
  {
    name: 'disks',
    what: 'Disks, system disk, discovered volumes and volume statuses of a machine with partitions EFI, META, STATE, EPHEMERAL.',
    mark: 'read in source',
    source: 'siderolabs/talos block controllers; the recorded nodes had no disks',
  },
  {
    name: 'network',
    what: 'Static, DHCP and platform addresses; a link or DHCP document switches default DHCP off everywhere.',
    mark: 'read in source',
    source: 'siderolabs/talos network/operator_config.go',
  },
  {
    name: 'latencies',
    what: 'How long firmware, pulls, install, services and pods take.',
    mark: 'assumed',
    source: 'src/sim/latencies.ts; measured ones say so',
  },
  {
    name: 'persistent-config',
    what: 'MachineConfigs holds `persistent` beside `v1alpha1` in all four minors.',
    mark: 'recorded',
    source: 'recordings 08-cosi-as-admin, v1.11.6 included',
  },
  {
    name: 'images',
    what: 'Every image that is asked for exists; a fault rule stands for one that does not. Pulls take the time of the table.',
    mark: 'assumed',
    source: 'a simplification of the simulator',
  },
  {
    name: 'watch-history',
    what: 'tail_events and bookmarks of a Watch give nothing: past events of a type are not kept.',
    mark: 'assumed',
    source: 'a simplification of the simulator',
  },
  {
    name: 'dead-machine',
    what: 'A machine without power closes its connections and refuses new ones; only `silent` shows no reset at all.',
    mark: 'assumed',
    source: 'a loopback socket cannot be left behind by a dead host',
  },
  {
    name: 'alerts',
    what: 'Only a missing client certificate gets its TLS alert over sockets; other refusals are a closed connection.',
    mark: 'assumed',
    source: 'Node decides about certificates after the handshake',
  },
  {
    name: 'kubernetes-api',
    what: 'Reads of Nodes, pods, workloads, leases and namespaces; of writes only cordoning. No watches, no tables.',
    mark: 'assumed',
    source: 'a simplification of the simulator',
  },
];
