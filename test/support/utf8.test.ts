import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeUtf8, encodeUtf8 } from '../../src/support/utf8.ts';

describe('text', () => {
  it('survives whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(encodeUtf8(decodeUtf8(bytes))).toEqual(bytes);
      }),
      { seed: 1, numRuns: 2000 },
    );
  });
  it('is ordinary text where the bytes are UTF-8', () => {
    for (const text of ['', 'conv', 'ünï-codé', '🙂', '\ufeffmarked', '\0', 'a'.repeat(50)]) {
      expect(decodeUtf8(new TextEncoder().encode(text))).toBe(text);
    }
  });
  it('shows each stray byte as one lone surrogate', () => {
    expect(decodeUtf8(Uint8Array.of(0x61, 0xff, 0x62))).toBe('a\udcffb');
    expect(decodeUtf8(Uint8Array.of(0xed, 0xa0, 0x80))).toBe('\udced\udca0\udc80');
    expect(decodeUtf8(Uint8Array.of(0xc0, 0x80))).toBe('\udcc0\udc80');
  });
});
