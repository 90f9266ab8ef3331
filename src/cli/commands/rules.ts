import { usage } from '../arguments.ts';
import { catalogueEntries } from '../catalogue.ts';
import { type Command, exitCode } from '../command.ts';
import { toJson } from '../json.ts';
import { printCatalogue, printEntry } from '../reports/rules.ts';
import { suggest } from '../suggest.ts';

/** `rules`: the catalogue of rules and passes. */
export const rules: Command = {
  name: 'rules',
  summary: 'the catalogue: every rule and pass, what it does and what it may do to the numbers',
  help: `qdq-surgeon rules [name …] [options]

Lists every rule and pass with its effect class, or explains those that are named.

  exact      every output bit stays equal, for finite inputs
  rounding   outputs move by float rounding, or by at most one quantum
  closer     a rounding is removed; outputs move toward the float model
  scale      calibration changes
  interface  a graph input or output changes its type

  --json   one JSON value: .rules[{name, kind, effect, summary, reason, condition, sources,
           targets}]
  --help   this text

Exit code: 0, or 2 for a name that does not exist.`,
  options: { json: { type: 'boolean' } },
  files: [0, Infinity],
  async run(args, io) {
    const all = catalogueEntries();
    const names = all.map(({ name }) => name);
    const unknown = args.files.find((name) => !names.includes(name));
    if (unknown !== undefined)
      throw usage(
        `There is no rule or pass "${unknown}"; there are ${names.join(', ')}.`,
        suggest(unknown, names),
      );
    const chosen = args.files.length === 0 ? all : all.filter(({ name }) => args.files.includes(name));
    if (args.flag('json')) io.print(toJson({ rules: chosen }));
    else io.print(args.files.length === 0 ? printCatalogue(all) : chosen.map(printEntry).join('\n\n'));
    return exitCode.fine;
  },
};
