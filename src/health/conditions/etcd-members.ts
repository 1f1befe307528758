/**
 * All control planes know the same etcd members, all of them voters, and the members are exactly the control planes. Talos checks
 * this in two steps ("etcd members to be consistent", "… to be control plane nodes").
 */
import { messageOf } from '../../errors.ts';
import { isIP } from 'node:net';
import type { EtcdMember } from '../../talos-api/port.ts';
import { failed, succeeded, type HealthCheck, type HealthInput, type OpenNode, type Verdict } from '../check.ts';
import { controlPlaneNodes } from '../every-node.ts';

const ETCD_ANSWER_MS = 3_000;

export const etcdMembers: HealthCheck = {
  name: 'etcd-members',
  title: 'etcd members are the control planes, all of them voters',
  stage: 'talos-api',
  check,
};

async function check(input: HealthInput): Promise<Verdict> {
  const nodes = controlPlaneNodes(input);
  const open = nodes.filter((node): node is OpenNode => node.kind === 'open');
  const silent = nodes.find((node) => node.kind === 'shut');
  if (silent?.kind === 'shut') return failed(`${silent.spec.name}: ${silent.why}`);
  const lists: (readonly EtcdMember[])[] = [];
  for (const answer of await Promise.allSettled(
    open.map((node) =>
      node.session.etcdMemberList({ local: true }, { signal: input.signal, timeoutMs: ETCD_ANSWER_MS }),
    ),
  )) {
    if (answer.status === 'rejected') {
      input.signal.throwIfAborted();
      return failed(messageOf(answer.reason));
    }
    lists.push(answer.value);
  }
  const [first = []] = lists;
  const evidence = first.map(
    (member) =>
      `${member.hostname || '(not started)'} ${member.id.toString(16).padStart(16, '0')}${member.isLearner ? ' learner' : ''}`,
  );
  if (lists.some((list) => keyOf(list) !== keyOf(first)))
    return failed('the control planes disagree about who is a member', evidence);
  return judge(input, first, evidence);
}

function judge(input: HealthInput, members: readonly EtcdMember[], evidence: readonly string[]): Verdict {
  const planes = controlPlaneNodes(input);
  const learner = members.find((member) => member.isLearner);
  if (learner) return failed(`${learner.hostname || 'a member that has not started'} is a learner`, evidence);
  const addresses = new Set(planes.flatMap((node) => (node.kind === 'open' ? [node.address] : [])));
  const names = new Set(planes.map((node) => node.spec.name));
  const stranger = members.find(
    (member) => !names.has(member.hostname) && !member.peerUrls.some((url) => addresses.has(hostOf(url))),
  );
  if (stranger)
    return failed(
      `member ${stranger.hostname || stranger.peerUrls.join(', ')} is no control plane of the spec`,
      evidence,
    );
  if (members.length !== planes.length)
    return failed(`etcd has ${members.length} members, the spec ${planes.length} control planes`, evidence);
  return succeeded(`${members.length} voters`, evidence);
}

function keyOf(members: readonly EtcdMember[]): string {
  return members
    .map((member) => `${member.id}/${member.hostname}/${member.isLearner}`)
    .toSorted()
    .join(' ');
}

function hostOf(url: string): string {
  const host = URL.canParse(url) ? new URL(url).hostname.replaceAll(/^\[|\]$/g, '') : '';
  return isIP(host) === 0 ? '' : host;
}
