/** Where the simulator is known to answer otherwise than the recorded nodes, and why. */
import type { Difference } from './sim-replay.ts';

export interface Deviation {
  readonly kind: Difference['kind'];
  /** Matches `version step method note request role metadata`. */
  readonly where: RegExp;
  /** Matches what the real node said. */
  readonly recorded?: RegExp;
  readonly reason: string;
}

export const DEVIATIONS: readonly Deviation[] = [
  {
    kind: 'code',
    where: /\/time\.TimeService\//,
    recorded: /NTP server/,
    reason: 'The recorded nodes had no time server; simulated ones always reach theirs.',
  },
  {
    kind: 'code',
    where: /\/Dmesg /,
    recorded: /\/dev\/kmsg/,
    reason: 'The recorded nodes were containers without a kernel log.',
  },
  {
    kind: 'shape',
    where: /MachineService\/List .*"root":"\/"/,
    recorded: /^\/link$/,
    reason: 'The few directories of a simulated node hold no symbolic links.',
  },
  {
    kind: 'shape',
    where: /\/Watch tail events/,
    reason: 'tail_events is accepted and gives nothing: past events of a type are not kept.',
  },
  {
    kind: 'text',
    where: /04-maintenance-apply-invalid .* not YAML/,
    reason: 'The text of a YAML syntax error is that of another parser.',
  },
  {
    kind: 'text',
    where: /v1alpha1 document twice/,
    recorded: /line \d+/,
    reason: 'The recording does not keep the whole config; its stand-in has fewer lines.',
  },
  {
    kind: 'text',
    where: /v1\.11\.6 .*v1alpha1 hostname beside a HostnameConfig/,
    recorded: /already defined/,
    reason: 'The recorded config had a key twice, which hid what it was meant to show; its stand-in has not.',
  },
  {
    kind: 'code',
    where: /v1\.12\.11 .*v1alpha1 hostname beside a HostnameConfig/,
    recorded: /already defined/,
    reason: 'The same.',
  },
  {
    kind: 'text',
    where: /v1\.14\.1 .* (bad cluster endpoint|machine\.type worker)/,
    reason: 'The recorded config was of the 1.14 form, its stand-in is of the old one: other documents are at fault.',
  },
  {
    kind: 'text',
    where: /10-day2 .* (machine\.files|machine\.token)/,
    recorded: /immediate mode/,
    reason: 'The diff is of another config.',
  },
  {
    kind: 'code',
    where: /v1\.1[12]\..* 06-routing-one-node \/machine\.(ImageService|LifecycleService)\//,
    reason:
      'Up to 1.12 `nodes` with a service that apid does not know gives garbage (FINDINGS 1.6); the simulator refuses.',
  },
  {
    kind: 'shape',
    where: /07-reads-as-reader \/machine\.(MachineService\/ImageList|ImageService\/List) /,
    reason: 'In container mode there is no installation, and images are only kept on one.',
  },
  {
    kind: 'code',
    where: /nosuch:1/,
    reason: 'Every image that is asked for exists; a fault rule `refused` stands for one that does not.',
  },
  {
    kind: 'code',
    where: /v1\.14\.1 09-etcd-bootstrap .*EtcdDefragment/,
    recorded: /DeadlineExceeded/,
    reason:
      'One recorded Defragment ended with a deadline of the node itself; before it there is one that hangs like the others.',
  },
];
