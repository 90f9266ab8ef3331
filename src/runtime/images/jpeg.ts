import { HuffmanTable } from './huffman.ts';
import { inverseCosine } from './idct.ts';
import { ByteReader, badImage, blankImage, checkSides, type Image, unsupportedImage } from './image.ts';
import { type Plane, upsample } from './upsample.ts';

interface Component {
  readonly id: number;
  readonly across: number;
  readonly down: number;
  readonly quantizer: number;
  /** Samples of whole blocks, row by row. */
  readonly stride: number;
  readonly samples: Uint8Array;
  previous: number;
}

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly across: number;
  readonly down: number;
  readonly components: readonly Component[];
}

/** What the segments in front of a scan have said. */
interface State {
  readonly quantizers: Map<number, readonly number[]>;
  readonly tables: Map<number, HuffmanTable>;
  frame?: Frame;
  restartInterval: number;
  /** Whether the three components are red, green and blue instead of brightness and two colour differences. */
  plain: boolean;
}

/**
 * A baseline JPEG, to the bit as libjpeg decodes it by default: the accurate transform, colours upsampled smoothly.
 *
 * @see https://www.w3.org/Graphics/JPEG/itu-t81.pdf
 */
export function readJpeg(bytes: Uint8Array): Image {
  const reader = new ByteReader(bytes, 2);
  const state: State = { quantizers: new Map(), tables: new Map(), restartInterval: 0, plain: false };
  for (;;) {
    while (reader.u8() !== 0xff);
    let marker = 0xff;
    while (marker === 0xff) marker = reader.u8();
    if (marker === 0xd9) break;
    if (marker === 0 || (marker >= 0xd0 && marker <= 0xd8)) continue;
    const segment = new ByteReader(reader.take(reader.u16() - 2));
    if (marker === 0xda) reader.position += readScan(segment, bytes.subarray(reader.position), state);
    else readSegment(marker, segment, state);
  }
  if (state.frame === undefined) throw badImage('It has no frame.');
  return colour(state.frame, state.plain);
}

function readSegment(marker: number, segment: ByteReader, state: State): void {
  const more = () => segment.position < segment.bytes.length;
  if (marker === 0xdb) {
    while (more()) {
      const head = segment.u8();
      const steps = Array.from({ length: 64 }, () => (head >> 4 ? segment.u16() : segment.u8()));
      state.quantizers.set(head & 15, steps);
    }
  } else if (marker === 0xc4) {
    while (more()) {
      const head = segment.u8();
      const counts = [...segment.take(16)];
      const total = counts.reduce((sum, count) => sum + count, 0);
      state.tables.set(head, new HuffmanTable(counts, segment.take(total)));
    }
  } else if (marker === 0xc0 || marker === 0xc1) state.frame = readFrame(segment, state);
  else if (marker >= 0xc2 && marker <= 0xcf && marker !== 0xc8 && marker !== 0xcc)
    throw unsupportedImage(marker === 0xc2 ? 'a progressive JPEG' : `JPEG coding ${marker - 0xc0}`);
  else if (marker === 0xdd) state.restartInterval = segment.u16();
  else if (marker === 0xee && segment.bytes.length >= 12)
    state.plain = String.fromCharCode(...segment.take(5)) === 'Adobe' && segment.bytes[11] === 0;
}

function readFrame(segment: ByteReader, state: State): Frame {
  if (segment.u8() !== 8) throw unsupportedImage('more than 8 bits per sample');
  const [height, width, count] = [segment.u16(), segment.u16(), segment.u8()];
  checkSides(width, height, count);
  const heads = Array.from({ length: count }, () => {
    const [id, sampling, quantizer] = [segment.u8(), segment.u8(), segment.u8()];
    return { id, across: sampling >> 4, down: sampling & 15, quantizer };
  });
  if (heads.some(({ across, down }) => across < 1 || across > 4 || down < 1 || down > 4))
    throw badImage('A component has no samples.');
  if (String.fromCharCode(...heads.map(({ id }) => id)) === 'RGB') state.plain = true;
  const across = Math.max(...heads.map((head) => head.across));
  const down = Math.max(...heads.map((head) => head.down));
  const components = heads.map((head): Component => {
    const stride = Math.ceil(width / (8 * across)) * 8 * head.across;
    const rows = Math.ceil(height / (8 * down)) * 8 * head.down;
    return { ...head, stride, samples: new Uint8Array(stride * rows), previous: 0 };
  });
  return { width, height, across, down, components };
}

interface ScanPart {
  readonly component: Component;
  readonly dc: HuffmanTable;
  readonly ac: HuffmanTable;
  readonly steps: readonly number[];
}

/** Decodes a scan into the samples of its components; gives how many bytes it took. */
function readScan(
  segment: ByteReader,
  bytes: Uint8Array,
  { frame, quantizers, tables, restartInterval }: State,
) {
  if (frame === undefined) throw badImage('A scan is in front of the frame.');
  const parts = Array.from({ length: segment.u8() }, (): ScanPart => {
    const [id, table] = [segment.u8(), segment.u8()];
    const component = frame.components.find((candidate) => candidate.id === id);
    const steps = quantizers.get(component?.quantizer ?? -1);
    const [dc, ac] = [tables.get(table >> 4), tables.get(16 + (table & 15))];
    if (!component || !steps || !dc || !ac) throw badImage(`Component ${id} lacks its tables.`);
    component.previous = 0;
    return { component, dc, ac, steps };
  });
  const alone = parts.length === 1;
  const only = parts[0]?.component;
  const sizeOf = (length: number, factor: number, own: number) =>
    alone ? Math.ceil(Math.ceil((length * own) / factor) / 8) : Math.ceil(length / (8 * factor));
  const unitsAcross = sizeOf(frame.width, frame.across, only?.across ?? 1);
  const units = unitsAcross * sizeOf(frame.height, frame.down, only?.down ?? 1);
  const bits = new BitReader(bytes);
  for (let unit = 0; unit < units; unit++) {
    if (restartInterval > 0 && unit > 0 && unit % restartInterval === 0) {
      bits.restart();
      for (const { component } of parts) component.previous = 0;
    }
    const [column, row] = [unit % unitsAcross, Math.floor(unit / unitsAcross)];
    for (const part of parts) {
      const [across, down] = alone ? [1, 1] : [part.component.across, part.component.down];
      for (let block = 0; block < across * down; block++)
        readBlock(bits, part, column * across + (block % across), row * down + Math.floor(block / across));
    }
  }
  return bits.position;
}

const zigzag = Array.from({ length: 64 }, (_, i) => i).sort((a, b) => {
  const [da, db] = [(a >> 3) + (a & 7), (b >> 3) + (b & 7)];
  return da - db || (da % 2 === 0 ? b - a : a - b);
});

function readBlock(
  bits: BitReader,
  { component, dc, ac, steps }: ScanPart,
  column: number,
  row: number,
): void {
  const block = new Int32Array(64);
  component.previous += bits.signed(dc.decode(bits.bit));
  block[0] = component.previous * steps[0]!;
  for (let k = 1; k < 64; k++) {
    const symbol = ac.decode(bits.bit);
    const size = symbol & 15;
    k += symbol >> 4;
    if (size === 0 && symbol >> 4 < 15) break;
    if (size > 0 && k < 64) block[zigzag[k]!] = bits.signed(size) * steps[k]!;
  }
  inverseCosine(block);
  const start = row * 8 * component.stride + column * 8;
  for (let i = 0; i < 64; i++) component.samples[start + (i >> 3) * component.stride + (i & 7)] = block[i]!;
}

/** Bits of a scan, highest first; a marker ends them. */
class BitReader {
  position = 0;
  readonly #bytes: Uint8Array;
  #held = 0;
  #count = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  readonly bit = (): number => {
    if (this.#count === 0) {
      this.#held = this.#next();
      this.#count = 8;
    }
    this.#count--;
    return (this.#held >> this.#count) & 1;
  };

  /** A number of a given size: its bits, or with a leading zero those of its negative, inverted. */
  signed(size: number): number {
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 2 + this.bit();
    return size === 0 || value >= 2 ** (size - 1) ? value : value - 2 ** size + 1;
  }

  restart(): void {
    this.#count = 0;
    const at = this.position;
    if (this.#bytes[at] === 0xff && this.#bytes[at + 1]! >= 0xd0 && this.#bytes[at + 1]! <= 0xd7)
      this.position += 2;
  }

  #next(): number {
    const byte = this.#bytes[this.position];
    const stuffed = byte === 0xff;
    if (byte === undefined || (stuffed && this.#bytes[this.position + 1] !== 0))
      throw badImage('A scan ends too early.');
    this.position += stuffed ? 2 : 1;
    return byte;
  }
}

function colour({ width, height, across, down, components }: Frame, plain: boolean): Image {
  const planes = components.map((component): Plane => {
    const [w, h] = [(width * component.across) / across, (height * component.down) / down].map(Math.ceil);
    const samples = new Uint8Array(w! * h!);
    for (let y = 0; y < h!; y++)
      samples.set(component.samples.subarray(y * component.stride, y * component.stride + w!), y * w!);
    const plane = { width: w!, height: h!, samples };
    return upsample(plane, width, height, across / component.across, down / component.down);
  });
  const image = blankImage(width, height, components.length);
  const limit = (value: number) => Math.max(0, Math.min(255, value));
  for (let i = 0; i < width * height; i++) {
    const [y, second = 0, third = 0] = planes.map(({ samples }) => samples[i]!) as [number, number?, number?];
    const [cb, cr] = [second - 128, third - 128];
    const at = i * image.channels;
    image.pixels[at] = plain || components.length === 1 ? y : limit(y + ((91881 * cr + 32768) >> 16));
    if (components.length === 1) continue;
    image.pixels[at + 1] = plain ? second : limit(y + ((-22554 * cb - 46802 * cr + 32768) >> 16));
    image.pixels[at + 2] = plain ? third : limit(y + ((116130 * cb + 32768) >> 16));
  }
  return image;
}
