import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitExternalLocation } from '../../src/node/index.ts';

describe('the location of external data', () => {
  it.each([
    ['weights.bin', ['weights.bin']],
    ['data/weights.bin', ['data', 'weights.bin']],
    ['./weights.bin', ['weights.bin']],
    ['a//b', ['a', 'b']],
    ['#weights', ['#weights']],
    ['..weights', ['..weights']],
    ['weights..', ['weights..']],
    ['layer:0', ['layer:0']],
    ['__proto__', ['__proto__']],
  ])('may be %s', (location, names) => {
    expect(splitExternalLocation(location)).toEqual(names);
  });

  it.each([
    [''],
    ['.'],
    ['folder/'],
    ['/etc/passwd'],
    ['//server/share'],
    ['..'],
    ['../weights.bin'],
    ['a/../../b'],
    ['a/..'],
    ['#/../weights.bin'],
    ['..\\weights.bin'],
    ['a\\..\\..\\b'],
    ['\\\\server\\share'],
    ['C:weights.bin'],
    ['c:/weights.bin'],
    ['file:///etc/passwd'],
    ['http://host/weights'],
    ['weights.bin\0.txt'],
    ['*/_ORT_MEM_ADDR_/*'],
  ])('is never %j', (location) => {
    expect(() => splitExternalLocation(location)).toThrow(
      expect.objectContaining({ code: 'external-path-refused' }),
    );
  });

  it('splits into names that stay below a folder, or is refused', () => {
    const part = fc.constantFrom('..', '.', '', 'a', '\\', '/', 'C:', '~', '\0', 'b c', '…');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), fc.constantFrom('', '/'), (parts, separator) => {
        let names: readonly string[];
        try {
          names = splitExternalLocation(parts.join(separator));
        } catch (error) {
          expect(error).toMatchObject({ name: 'ModelError', code: 'external-path-refused' });
          return;
        }
        expect(names.length).toBeGreaterThan(0);
        for (const name of names) expect(name).not.toMatch(/^\.{0,2}$|[/\\\0]/);
      }),
    );
  });
});
