/** What help says of a command: the same sentence as in the list of commands first, then what one has to know to use it. */

export interface CommandDocs {
  readonly brief: string;
  readonly fullDescription: string;
}

export function docsOf(brief: string, ...more: readonly string[]): CommandDocs {
  return { brief, fullDescription: [`${brief}.`, '', ...more].join('\n') };
}
