import { ModelError } from '../../support/errors.ts';

/** Pixels row by row, from the top: one byte for each channel, grey or red, green, blue. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly pixels: Uint8Array;
}

const maxSide = 1 << 16;

/**
 * An image to be filled.
 *
 * @throws ModelError as `checkSides`
 */
export function blankImage(width: number, height: number, channels: number): Image {
  checkSides(width, height, channels);
  return {
    width,
    height,
    channels: channels as Image['channels'],
    pixels: new Uint8Array(width * height * channels),
  };
}

/**
 * Checks what a header says before anything is made of it.
 *
 * @throws ModelError `bad-image` for sides that no image has, `unsupported-image` for other channels than 1 and 3
 */
export function checkSides(width: number, height: number, channels: number): void {
  const fits = width > 0 && height > 0 && width < maxSide && height < maxSide && width * height < 1 << 28;
  if (!fits) throw badImage(`It says it has ${width} × ${height} pixels.`);
  if (channels !== 1 && channels !== 3) throw unsupportedImage(`${channels} channels`);
}

export function badImage(what: string): ModelError {
  return new ModelError('bad-image', `The image is damaged. ${what}`);
}

export function unsupportedImage(what: string): ModelError {
  return new ModelError('unsupported-image', `ImageDecoder does not read images with ${what}.`, {
    fix: 'Save the image as 8-bit BMP, PNM, PNG, uncompressed TIFF or baseline JPEG.',
  });
}

/** Reads numbers of one or several bytes; what lies behind the end is an error, never `undefined`. */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly littleEndian: boolean;
  position: number;

  constructor(bytes: Uint8Array, position = 0, littleEndian = false) {
    this.bytes = bytes;
    this.position = position;
    this.littleEndian = littleEndian;
  }

  u8(): number {
    const value = this.bytes[this.position++];
    if (value === undefined) throw badImage('It ends too early.');
    return value;
  }

  u16(): number {
    const [a, b] = [this.u8(), this.u8()];
    return this.littleEndian ? a + b * 256 : a * 256 + b;
  }

  u32(): number {
    const [a, b] = [this.u16(), this.u16()];
    return this.littleEndian ? a + b * 65536 : a * 65536 + b;
  }

  take(count: number): Uint8Array {
    const taken = this.bytes.subarray(this.position, this.position + count);
    if (taken.length < count) throw badImage('It ends too early.');
    this.position += count;
    return taken;
  }
}
