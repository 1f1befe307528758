import { describe, expect, it } from 'vitest';
import { BEHAVIOURS } from './behaviours.ts';

describe('what the simulator says of itself', () => {
  it('names every behaviour once', () => {
    expect(new Set(BEHAVIOURS.map((behaviour) => behaviour.name)).size).toBe(BEHAVIOURS.length);
  });

  it('cites a recording for what is recorded, and a file of Talos for what was read', () => {
    const unfounded = BEHAVIOURS.filter(
      ({ mark, source }) =>
        (mark === 'recorded' && !source.includes('recordings')) ||
        (mark === 'read in source' && !source.includes('siderolabs/')),
    );

    expect(unfounded).toEqual([]);
  });
});
