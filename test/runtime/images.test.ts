import { deflateSync, constants as zlib } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { tensor } from '../../src/ir/index.ts';
import { inverseCosine } from '../../src/runtime/images/idct.ts';
import { inflate } from '../../src/runtime/images/inflate.ts';
import { readImage } from '../../src/runtime/images/read-image.ts';
import { upsample } from '../../src/runtime/images/upsample.ts';
import { ModelError } from '../../src/support/errors.ts';
import { randomStream } from './engine.ts';
import { runNode, valuesOf } from './run-node.ts';

const text = (value: string) => [...value].map((letter) => letter.charCodeAt(0));
const little = (value: number, size: number) =>
  Array.from({ length: size }, (_, i) => (value >> (8 * i)) & 255);
const big = (value: number, size: number) => little(value, size).reverse();
const decoded = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));
const { whole } = randomStream(3);

/** Red, green; blue, white – with rows of one byte more than three pixels, so that padding matters. */
const colours = [255, 0, 0, 0, 255, 0, 0, 0, 255, 250, 251, 252];

function bmp(height: number): Uint8Array {
  const header = [
    ...little(40, 4),
    ...little(2, 4),
    ...little(height, 4),
    1,
    0,
    24,
    0,
    ...new Array(24).fill(0),
  ];
  const [red, green, blue, white] = [
    [0, 0, 255],
    [0, 255, 0],
    [255, 0, 0],
    [252, 251, 250],
  ];
  const rows = [
    [...red!, ...green!, 0, 0],
    [...blue!, ...white!, 0, 0],
  ];
  if (height > 0) rows.reverse();
  return Uint8Array.from([
    ...text('BM'),
    ...new Array(8).fill(0),
    ...little(54, 4),
    ...header,
    ...rows.flat(),
  ]);
}

function png(
  header: readonly number[],
  lines: readonly number[],
  palette: readonly number[] = [],
): Uint8Array {
  const chunk = (name: string, data: ArrayLike<number>) => [
    ...big(data.length, 4),
    ...text(name),
    ...Array.from(data),
    ...[0, 0, 0, 0],
  ];
  return Uint8Array.from([
    ...[0x89, ...text('PNG\r\n'), 0x1a, 10],
    ...chunk('IHDR', header),
    ...chunk('PLTE', palette),
    ...chunk('IDAT', deflateSync(Uint8Array.from(lines))),
    ...chunk('IEND', []),
  ]);
}

function tiff(number: typeof little, meaning: number, pixels: readonly number[]): Uint8Array {
  const samples = meaning === 2 ? 3 : 1;
  const short = (tag: number, value: number) => [
    ...number(tag, 2),
    ...number(3, 2),
    ...number(1, 4),
    ...number(value, 2),
    0,
    0,
  ];
  const width = pixels.length / samples / 2;
  const fields = [
    short(256, width),
    short(257, 2),
    short(258, 8),
    short(262, meaning),
    // Each row is a strip of its own; the places of the strips lie behind the directory.
    [...number(273, 2), ...number(4, 2), ...number(2, 4), ...number(8 + 2 + 7 * 12 + 4, 4)],
    short(277, samples),
    short(278, 1),
  ];
  const start = 8 + 2 + fields.length * 12 + 4 + 8;
  return Uint8Array.from([
    ...(number === little ? [...text('II'), 42, 0] : [...text('MM'), 0, 42]),
    ...number(8, 4),
    ...number(fields.length, 2),
    ...fields.flat(),
    ...number(0, 4),
    ...number(start, 4),
    ...number(start + pixels.length / 2, 4),
    ...pixels,
  ]);
}

/** 3 × 5 pixels with colours in full, and what libjpeg makes of it. */
const smallJpeg = decoded(
  '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQH/2wBDAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQH/wAARCAAFAAMDAREAAhEBAxEB/8QAFAABAAAAAAAAAAAAAAAAAAAABP/EABsQAAMAAwEBAAAAAAAAAAAAAAECAwYREgUH/8QAFQEBAQAAAAAAAAAAAAAAAAAABwn/xAAhEQADAAEEAQUAAAAAAAAAAAABAgMRBAYIEiIFEyEmMv/aAAwDAQACEQMRAD8APD6+tpJQ42w2CoAyL0l0qEouxKUkLcqOmE1Ltt2HTElLvyevoqvppbOBRMMO3rmlc5qos/lXbVaEd6NgNRsDCggAAQlnw00llFKb+7P8oWO0pkn2yZAn7DgZCDxUBF/KKqBVH//Z',
);
const smallPixels = decoded('D8HDGsC+DsXJELi5FMW7CrXHC8XEHMDCGsi/GMDBEbnCGLy+P4dhPIllSI5a');

/** 17 × 13 pixels with a quarter of the colour samples, and what libjpeg makes of it. */
const jpeg = decoded(
  '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19iZ2hnPk1xeXBkeFxlZ2P/2wBDARESEhgVGC8aGi9jQjhCY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2P/wAARCAANABEDASIAAhEBAxEB/8QAFgABAQEAAAAAAAAAAAAAAAAABQAE/8QALBAAAQIBBg8AAAAAAAAAAAAAEQABEwIDBAUS4QYUFSEiIzFBQ1JkgpLB8f/EABYBAQEBAAAAAAAAAAAAAAAAAAIDBP/EACERAAAFAwUBAAAAAAAAAAAAAAABAgMREjFSBBQhIqFh/9oADAMBAAIRAxEAPwDXMYLwyKYXccK9DyKvtHWjtS0/SsVGhbtM+8bPqMquVCi5iR7U3UoU2a65j4Glt2o0o6GdjvMX4CWXenfzuUt0N+ZSx7hzH0OdBh6Y/9k=',
);
const jpegPixels = decoded(
  'OT1iNUVmHUJdFVBgJ3R6Mn93OnhjW3hZWEkedDwLizEAnC0ApTEAqTIApTIAez4Pp9SzOz5fO0lmKUdhI1RlNHl+OYR9Pn1qWn9gXFQvckcchjwLlDgFnTkHoTkGoTUHe0AWpNGqNTdOO0FZMz1WL0pbOW50Nnh0L3RiRXdeRVAyWEQjZzsWcTcPeDkQgDQQiisPbDQTpc2bQ0VCUE9NVUZLVUxRWGtnTXNkPW1VTXJTU1Y5XU8sXE0iWlMfVFwgWV0gZlUhYlEjv8idzdGf49aq9MWp+sSs+tu+69y71tev4t2zjXBIiHBAcn86WJM5PKw8M7lAO7U+YZxIi1ZE296b9eKn/8yh/8Wi/9qy+tqx59aq9t20pXBOmnVJeIlFUadEI81GEOFHEuJCUb9Om0k+1NOb7dmn/8Oh/r2f9dOu5dew2NSv8dy/oGJTm2RQd3lKSppFE8RCAN08AOI0Nbw7l0cw2s7C69fO8cjG5cjC1uPSxevWv+nb4e/vmWyBoWZ8jHJza41sO7JgIclSHc1EULE+mlIgpYvMo4/Mo5zSbIyzdNPnTszaVtPpZ7rkREKLXSl+ayt3ZTVnk5KYiJ+FkKZ1nJhR3KNKq4XsoYzrkaHvVpjSUtP6MM/vO9T+Trf5MUSqVCeceSKVhiKCynWuyX6V04iCyohU1aI1rXrhnoXhiqLoXafYWNDzStX2Xtr/bsL/MkWsUiuifSKblh2E6Geo6m6K7n5z2oRJ0Z8wuXvEp4XBj6PGcaq+Zq/AabPMfrjmfaLmPEegTjSXdS2QjyR052OS6WZr5XpQy4Izxak71Y+ZwJCQo6KNk52CeW1fh2htkWOAd1B/UUp+SUR6YUN1cjVUzWtqy2o/vIAeoYgSsb5U',
);

describe('readImage', () => {
  it('reads bitmaps from the bottom up and from the top down', () => {
    for (const height of [2, -2]) {
      const image = readImage(bmp(height));
      expect([image.width, image.height, ...image.pixels]).toEqual([2, 2, ...colours]);
    }
  });

  it('reads portable maps as bytes and as text', () => {
    const raw = Uint8Array.from([...text('P6 # two by two\n2 2\n255\n'), ...colours]);
    expect([...readImage(raw).pixels]).toEqual(colours);
    expect([...readImage(Uint8Array.from(text('P2\n3 1 4\n0 2 4\n'))).pixels]).toEqual([0, 128, 255]);
  });

  it('reads TIFF of either byte order, by strips, counted from black or white', () => {
    expect([...readImage(tiff(little, 2, colours)).pixels]).toEqual(colours);
    expect([...readImage(tiff(big, 1, [1, 2, 3, 4])).pixels]).toEqual([1, 2, 3, 4]);
    expect([...readImage(tiff(big, 0, [1, 2, 3, 4])).pixels]).toEqual([254, 253, 252, 251]);
  });

  it('undoes every filter of PNG', () => {
    const header = [...big(3, 4), ...big(5, 4), 8, 2, 0, 0, 0];
    // Filters none, left, up, mean and Paeth over lines of three pixels, each line by the formula of the standard.
    const lines = [
      [0, 10, 20, 30, 40, 50, 60, 70, 80, 90],
      [1, 1, 2, 3, 1, 2, 3, 1, 2, 3],
      [2, 5, 5, 5, 5, 5, 5, 250, 250, 250],
      [3, 0, 0, 0, 0, 0, 0, 0, 0, 0],
      [4, 1, 1, 1, 1, 1, 1, 1, 1, 1],
    ];
    expect([...readImage(png(header, lines.flat())).pixels]).toEqual([
      ...[10, 20, 30, 40, 50, 60, 70, 80, 90],
      ...[1, 2, 3, 2, 4, 6, 3, 6, 9],
      ...[6, 7, 8, 7, 9, 11, 253, 0, 3],
      ...[3, 3, 4, 5, 6, 7, 129, 3, 5],
      ...[4, 4, 5, 6, 7, 8, 130, 4, 6],
    ]);
  });

  it('looks colours up in a palette, several indices in a byte', () => {
    const header = [...big(3, 4), ...big(1, 4), 2, 3, 0, 0, 0];
    const image = readImage(png(header, [0, 0b10_00_01_00], [1, 2, 3, 4, 5, 6, 7, 8, 9]));
    expect([...image.pixels]).toEqual([7, 8, 9, 1, 2, 3, 4, 5, 6]);
    expect(() => readImage(png(header, [0, 0b11_00_00_00], [1, 2, 3]))).toThrow('not in its palette');
  });

  it('reads baseline JPEG to the bit', () => {
    expect(readImage(smallJpeg)).toEqual({ width: 3, height: 5, channels: 3, pixels: smallPixels });
    expect(readImage(jpeg)).toEqual({ width: 17, height: 13, channels: 3, pixels: jpegPixels });
  });

  it('says what it does not read', () => {
    const progressive = jpeg.slice();
    const at = progressive.findIndex((byte, i) => byte === 0xff && progressive[i + 1] === 0xc0);
    progressive[at + 1] = 0xc2;
    expect(() => readImage(progressive)).toThrow('a progressive JPEG');
    expect(() => readImage(Uint8Array.from(text('RIFF....WEBPVP8 ')))).toThrow('the format WebP');
    expect(() => readImage(Uint8Array.from([0, 0, 0, 12, ...text('jP  \r\n')]))).toThrow('JPEG 2000');
    expect(() => readImage(png([...big(1, 4), ...big(1, 4), 16, 0, 0, 0, 0], [0, 0, 0]))).toThrow('16 bits');
  });

  it('has an error, and nothing else, for files that end early or are damaged', () => {
    const files = [
      bmp(2),
      tiff(little, 2, colours),
      png([...big(1, 4), ...big(1, 4), 8, 0, 0, 0, 0], [0, 7]),
      jpeg,
    ];
    const outcomes = new Set<string>();
    const attempt = (bytes: Uint8Array) => {
      try {
        readImage(bytes);
        outcomes.add('read');
      } catch (error) {
        if (!(error instanceof ModelError)) throw error;
        outcomes.add(error.code);
      }
    };
    for (const file of files) {
      for (let end = 0; end < file.length; end++) attempt(file.subarray(0, end));
      for (let at = 0; at < file.length; at++) attempt(file.with(at, whole(0, 255)));
    }
    expect([...outcomes].sort()).toEqual(['bad-image', 'read', 'unsupported-image']);
  });
});

describe('what images are made of', () => {
  it('inflate undoes deflate: stored, fixed and dynamic blocks', () => {
    const data = Uint8Array.from({ length: 5000 }, (_, i) => (i % 7 < 5 ? i % 50 : whole(0, 255)));
    for (const options of [
      { level: 0 },
      { strategy: zlib.Z_FIXED },
      { level: 9 },
      { strategy: zlib.Z_HUFFMAN_ONLY },
    ])
      expect(inflate(deflateSync(data, options), data.length)).toEqual(data);
    expect(() => inflate(deflateSync(data), data.length + 1)).toThrow('5000 bytes were compressed');
  });

  it('the cosine transform is that of the formula, rounded', () => {
    for (let run = 0; run < 20; run++) {
      const block = Int32Array.from({ length: 64 }, () => whole(-200, 200));
      const exact = Array.from({ length: 64 }, (_, i) => {
        let sum = 0;
        for (let j = 0; j < 64; j++) {
          const [u, v] = [j & 7, j >> 3];
          const weight = (u === 0 ? Math.SQRT1_2 : 1) * (v === 0 ? Math.SQRT1_2 : 1);
          const [x, y] = [i & 7, i >> 3];
          sum +=
            block[j]! *
            weight *
            Math.cos(((2 * x + 1) * u * Math.PI) / 16) *
            Math.cos(((2 * y + 1) * v * Math.PI) / 16);
        }
        return Math.max(0, Math.min(255, sum / 4 + 128));
      });
      inverseCosine(block);
      for (const [i, value] of exact.entries()) expect(Math.abs(block[i]! - value)).toBeLessThan(1);
    }
  });

  it('colours are mixed 3 : 1 with their neighbours, or repeated', () => {
    const plane = { width: 3, height: 1, samples: Uint8Array.from([0, 100, 201]) };
    expect([...upsample(plane, 6, 1, 2, 1).samples]).toEqual([0, 25, 75, 125, 176, 201]);
    expect([...upsample(plane, 3, 2, 1, 2).samples]).toEqual([0, 100, 201, 0, 100, 201]);
    expect([...upsample(plane, 12, 1, 4, 1).samples.subarray(2, 6)]).toEqual([0, 0, 100, 100]);
    const column = { width: 1, height: 2, samples: Uint8Array.from([0, 100]) };
    expect([...upsample(column, 1, 4, 1, 2).samples]).toEqual([0, 25, 75, 100]);
  });
});

describe('ImageDecoder', () => {
  const file = tensor('uint8', [bmp(2).length], bmp(2));
  const run = (format?: string) =>
    runNode('ImageDecoder', [file], format === undefined ? {} : { pixel_format: format }, { opset: 20 })[0];

  it('gives rows of pixels in the order that is asked for', () => {
    expect(run()!.dims).toEqual([2, 2, 3]);
    expect(valuesOf(run())).toEqual(colours);
    expect(valuesOf(run('BGR')).slice(0, 6)).toEqual([0, 0, 255, 0, 255, 0]);
  });

  it('weighs colours to grey, and repeats grey', () => {
    expect(run('Grayscale')!.dims).toEqual([2, 2, 1]);
    expect(valuesOf(run('Grayscale'))).toEqual([76, 150, 29, 251]);
    const map = Uint8Array.from([...text('P5 2 1 255\n'), 7, 9]);
    const [y] = runNode('ImageDecoder', [tensor('uint8', [map.length], map)], {}, { opset: 20 });
    expect(valuesOf(y)).toEqual([7, 7, 7, 9, 9, 9]);
  });
});
