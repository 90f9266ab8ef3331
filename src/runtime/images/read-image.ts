import { readBmp } from './bmp.ts';
import { type Image, unsupportedImage } from './image.ts';
import { readJpeg } from './jpeg.ts';
import { readPng } from './png.ts';
import { readPnm } from './pnm.ts';
import { readTiff } from './tiff.ts';

const formats: readonly (readonly [start: RegExp, read: (bytes: Uint8Array) => Image])[] = [
  [/^\xff\xd8\xff/, readJpeg],
  [/^\x89PNG\r\n/, readPng],
  [/^BM/, readBmp],
  [/^P[2356]\s/, readPnm],
  [/^(II\*\0|MM\0\*)/, readTiff],
];

/**
 * Reads a picture; its first bytes say how it is stored.
 *
 * @throws ModelError `unsupported-image` for formats and their kinds that are not read, `bad-image` for damaged ones
 */
export function readImage(bytes: Uint8Array): Image {
  const start = String.fromCharCode(...bytes.subarray(0, 12));
  const known = formats.find(([pattern]) => pattern.test(start));
  if (known !== undefined) return known[1](bytes);
  const name = start.startsWith('RIFF')
    ? 'the format WebP'
    : start.includes('jP')
      ? 'the format JPEG 2000'
      : 'no format it knows';
  throw unsupportedImage(name);
}
