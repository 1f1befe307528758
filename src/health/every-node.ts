/** Asks one question of many nodes side by side; a node that cannot be asked counts against the condition, with its reason. */
import { messageOf } from '../errors.ts';
import { failed, succeeded, type HealthInput, type HealthNode, type OpenNode, type Verdict } from './check.ts';

/** Undefined when the node is as it should be, else what is wrong with it. */
export type Question = (node: OpenNode) => Promise<string | undefined>;

export async function everyNode(
  input: HealthInput,
  nodes: readonly HealthNode[],
  question: Question,
): Promise<Verdict> {
  const answers = await Promise.all(nodes.map((node) => ask(input, node, question)));
  const problems = answers.flatMap((answer, index) =>
    answer === undefined ? [] : [`${nodes[index]?.spec.name ?? '?'}: ${answer}`],
  );
  const [first] = problems;
  if (first === undefined)
    return succeeded(
      `${nodes.length} of ${nodes.length} nodes`,
      nodes.map((node) => `${node.spec.name}: OK`),
    );
  return failed(problems.length === 1 ? first : `${first} (and ${problems.length - 1} more)`, problems);
}

export function controlPlaneNodes(input: HealthInput): readonly HealthNode[] {
  return input.nodes.filter((node) => node.spec.role === 'controlplane');
}

async function ask(input: HealthInput, node: HealthNode, question: Question): Promise<string | undefined> {
  if (node.kind === 'shut') return node.why;
  try {
    return await question(node);
  } catch (reason) {
    input.signal.throwIfAborted();
    return messageOf(reason);
  }
}
