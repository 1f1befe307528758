/** A disk budget as one line of characters, with a legend: for terminals. Plain text; colours are the caller's. */
import { bothUnits } from './disk.ts';
import type { BudgetPartition, DiskBudget } from './budget.ts';

export interface DiskBar {
  /** Exactly `width` characters. */
  readonly bar: string;
  readonly legend: readonly string[];
}

const SYSTEM = '▓';
const EPHEMERAL = '▒';
const VOLUMES = ['█', '▞', '▚', '▤', '▥', '▦'];
const FREE = '·';

/** Parts too small for a character of their own share the first; where the disk is too small the bar ends in `!`. */
export function renderDiskBar(budget: DiskBudget, width: number): DiskBar {
  const parts = grouped(budget);
  const cells = Math.max(width, parts.length + 2);
  const total = Number(budget.diskSizeBytes + budget.overByBytes);
  let bar = '';
  let before = 0n;
  for (const part of parts) {
    before += part.sizeBytes;
    const end = Math.max(bar.length + (part.sizeBytes > 0n ? 1 : 0), Math.round((Number(before) / total) * cells));
    bar += part.sign.repeat(Math.max(0, Math.min(end, cells) - bar.length));
  }
  const isOver = budget.overByBytes > 0n;
  const rest = isOver ? '!' : FREE;
  bar = isOver && bar.length >= cells ? bar.slice(0, cells - 1) : bar;
  return {
    bar: `${bar}${rest.repeat(Math.max(0, cells - bar.length))}`.slice(0, cells),
    legend: legendOf(budget, parts),
  };
}

interface Part {
  readonly sign: string;
  readonly label: string;
  readonly sizeBytes: bigint;
}

function grouped(budget: DiskBudget): readonly Part[] {
  const system = budget.partitions.filter(({ kind }) => kind === 'system');
  const rest = budget.partitions.filter(({ kind }) => kind !== 'system');
  const sum = system.reduce((total, { sizeBytes }) => total + sizeBytes, 0n);
  let volume = 0;
  const others = rest.map((partition): Part => {
    const sign = partition.kind === 'ephemeral' ? EPHEMERAL : (VOLUMES[volume++ % VOLUMES.length] ?? '█');
    return { sign, label: partition.label, sizeBytes: needed(partition) };
  });
  return [
    ...(system.length === 0
      ? []
      : [{ sign: SYSTEM, label: system.map(({ label }) => label).join('+'), sizeBytes: sum }]),
    ...others,
  ];
}

/** The bar of an over-committed disk shows what was wanted, and so goes past the end. */
function needed({ sizeBytes, neededBytes }: BudgetPartition): bigint {
  return neededBytes > sizeBytes ? neededBytes : sizeBytes;
}

function legendOf(budget: DiskBudget, parts: readonly Part[]): readonly string[] {
  const last =
    budget.overByBytes > 0n
      ? `! short by ${bothUnits(budget.overByBytes)}`
      : `${FREE} free ${bothUnits(budget.freeBytes)}`;
  return [...parts.map(({ sign, label, sizeBytes }) => `${sign} ${label} ${bothUnits(sizeBytes)}`), last];
}
