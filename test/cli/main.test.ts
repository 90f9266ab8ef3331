import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { commands } from '../../src/cli/commands/index.ts';
import { modelFile, qdq, scratch, yolo } from './command.ts';

const tiny = modelFile('tiny.onnx', 'main (float[2] x) => (float[2] y) { y = Neg (x) }');

describe('qdq-surgeon', () => {
  it('asks which command when there is none', async () => {
    const { code, stderr, stdout } = await qdq([]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/Which command\?.*\n.*--help/);
  });

  it('lists all commands with --help', async () => {
    const { code, stdout } = await qdq(['--help']);
    expect(code).toBe(0);
    for (const { name, summary } of commands)
      expect(stdout).toContain(`${name}${' '.repeat(9 - name.length)}${summary}`);
  });

  it('prints the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect((await qdq(['--version'])).stdout).toBe(`${version}\n`);
    expect((await qdq(['-v'])).stdout).toBe(`${version}\n`);
  });

  it('suggests the command that was meant', async () => {
    const { code, stderr } = await qdq(['inpsect', tiny]);
    expect(code).toBe(2);
    expect(stderr).toContain('There is no command "inpsect"');
    expect(stderr).toContain('Did you mean "inspect"?');
  });

  it('does not guess far', async () => {
    expect((await qdq(['launch'])).stderr).not.toContain('Did you mean');
  });

  it('says that options come behind the command', async () => {
    expect((await qdq(['--json', 'inspect'])).stderr).toContain('"--json" is an option');
  });
});

describe.each(commands.map((command) => [command.name, command] as const))(
  'qdq-surgeon %s',
  (name, command) => {
    it('explains itself, every option included', async () => {
      for (const argv of [
        [name, '--help'],
        [name, '-h'],
        ['help', name],
      ]) {
        const { code, stdout } = await qdq(argv);
        expect(code).toBe(0);
        expect(stdout).toBe(`${command.help}\n`);
      }
      for (const option of Object.keys(command.options)) expect(command.help).toContain(`--${option}`);
      expect(command.help.split('\n').filter((line) => line.length > 100)).toEqual([]);
      expect(command.help).toMatch(/Exit code/);
    });

    it('refuses an unknown option and suggests the right one', async () => {
      const { code, stderr } = await qdq([name, tiny, '--jsn']);
      expect(code).toBe(2);
      expect(stderr).toContain(`${name} has no option --jsn`);
      expect(stderr).toContain('Did you mean "--json"?');
    });

    it('refuses a value for a switch', async () => {
      expect((await qdq([name, tiny, '--json=yes'])).stderr).toContain('--json takes no value');
    });

    if (command.files[0] === 0) return;

    it('counts its files', async () => {
      const { code, stderr } = await qdq([name]);
      expect(code).toBe(2);
      expect(stderr).toMatch(/takes (one file|2 files); 0 given/);
      expect((await qdq([name, 'a', 'b', 'c'])).stderr).toContain('3 given');
    });

    it('says which file is missing, without a stack', async () => {
      const files = Array<string>(command.files[0]).fill(scratch('nowhere.onnx'));
      const { code, stdout, stderr } = await qdq([name, ...files]);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain('nowhere.onnx');
      expect(stderr).toContain('[file-not-found]');
      expect(stderr).not.toMatch(/\n\s+at .*\.ts/);
    });

    it('gives errors as JSON when JSON is wanted', async () => {
      const text = scratch('text.onnx');
      writeFileSync(text, '{"not": "a model"}');
      const { code, stderr, json } = await qdq([
        name,
        ...Array<string>(command.files[0]).fill(text),
        '--json',
      ]);
      expect(code).toBe(2);
      expect(json().error).toMatchObject({ code: 'not-onnx', at: `${text}, byte 0` });
      expect(stderr).toContain('[not-onnx]');
    });
  },
);

describe('errors', () => {
  it('show the stack only when it is asked for', async () => {
    const { stderr } = await qdq(['inspect', scratch('nowhere.onnx')], { env: { QDQ_SURGEON_DEBUG: '1' } });
    expect(stderr).toMatch(/\n\s+at .*\.ts/);
  });

  it('of a cut file name the byte', async () => {
    const cut = scratch('cut.onnx');
    writeFileSync(cut, readFileSync(yolo).subarray(0, 5000));
    const { code, stderr } = await qdq(['inspect', cut]);
    expect(code).toBe(2);
    expect(stderr).toContain('cut.onnx, ');
    expect(stderr).toMatch(/byte \d+/);
  });

  it('of a folder say so', async () => {
    expect((await qdq(['inspect', scratch('.')])).stderr).toContain('[not-a-file]');
  });
});

describe('on a terminal', () => {
  it('progress shows on standard error and is wiped', async () => {
    const { stderr, stdout } = await qdq(['verify', yolo, yolo, '--samples', '1'], { terminal: true });
    expect(stderr).toContain('\r\u001b[Kverifying: sample 1/1');
    expect(stderr.endsWith('\r\u001b[K')).toBe(true);
    expect(stdout).toMatch(/^identical/);
    for (const line of stderr.split('\r\u001b[K')) expect(line.length).toBeLessThan(60);
  });

  it('run shows which node runs', async () => {
    const text = 'main () => (float[2] y) <float[2] x = {1, 2}> { a = Neg (x)  y = Neg (a) }';
    const { stderr } = await qdq(['run', modelFile('negated.onnx', text)], { terminal: true });
    expect(stderr).toContain('\r\u001b[Krunning 0/2 main/a');
    expect(stderr.endsWith('\r\u001b[K')).toBe(true);
  });

  it('verdicts are coloured, unless NO_COLOR is set', async () => {
    const argv = ['fix', tiny, '--verify', '--samples', '1'];
    expect((await qdq(argv, { terminal: true })).stdout).toContain('\u001b[32mVerified: identical');
    expect((await qdq(argv, { terminal: true, env: { NO_COLOR: '1' } })).stdout).not.toContain('\u001b[');
    expect((await qdq(argv)).stdout).not.toContain('\u001b[');
  });
});
