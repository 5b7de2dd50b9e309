import { highballBin, Program } from '@highball/testkit';
import { expect, test } from 'vitest';

/** The command, in a Node that takes itself for another one. */
function commandOn(version: string): Program {
  const lie = `data:text/javascript,Object.defineProperty(process, 'versions', { value: { node: '${version}' } });
    Object.defineProperty(process, 'version', { value: 'v${version}' });`;
  return new Program(process.execPath, ['--import', lie, highballBin, '--version']);
}

test.each(['22.18.0', '22.99.0', '24.11.0', '26.0.0', '27.1.0'])(
  'the command runs on Node %s',
  async (version) => {
    const program = commandOn(version);
    expect(await program.exited, program.output).toBe(0);
  },
);

test.each(['18.20.0', '20.19.0', '22.17.1', '23.11.0', '24.10.0', '25.9.0'])(
  'on Node %s it says in one line what to install',
  async (version) => {
    const program = commandOn(version);
    expect(await program.exited).toBe(1);
    expect(program.stderr).toMatch(
      new RegExp(`^highball: Node v${version} is not supported; install 22\\.18 .*\n$`),
    );
  },
);
