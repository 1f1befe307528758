/** The real talhelper on every project of the fixtures: what Ichor says that talhelper makes is what it makes. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { configDifferences } from '../../src/spec/import/differences.ts';
import { sortFiles } from '../../src/spec/import/machine-configs.ts';
import { madeByTalhelper } from '../../src/spec/import/talhelper/made.ts';
import { howToBuild, real } from '../support/real.ts';
import { BUNDLE_FILE, bundle, importProject, PROJECTS, projectNames } from '../support/talhelper-import.ts';

const talhelper = real('talhelper-3.1.16');
const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'ichor-talhelper-'));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(talhelper === undefined)(`talhelper 3.1.16 (${howToBuild('talhelper-3.1.16')})`, () => {
  it.each(projectNames())('S3-3 makes of %s what the import holds itself against', async (name) => {
    const out = join(folder, name);
    await run(talhelper ?? '', ['genconfig', '--offline-mode', '--no-gitignore', '-s', BUNDLE_FILE, '-o', out], {
      cwd: join(PROJECTS, name),
    });
    const files = readdirSync(out).filter((file) => file !== 'talosconfig');
    const { configs } = sortFiles(files.map((file) => ({ file, text: readFileSync(join(out, file), 'utf8') })));
    const { project } = await importProject(name);

    expect(configs).toHaveLength(project.nodes.length);
    for (const node of project.nodes) {
      const theirs = configs.find(({ file }) => file.endsWith(`${node.hostname}.yaml`));
      expect(configDifferences(node.hostname, theirs?.documents ?? [], madeByTalhelper(project, node, bundle))).toEqual(
        [],
      );
    }
  });
});
