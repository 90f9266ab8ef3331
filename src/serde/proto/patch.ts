import type { Traceable } from '../../ir/index.ts';
import type { Encoder } from './encode.ts';
import { accepts, type FieldCodec, type Fields, type MessageCodec } from './message.ts';
import { WireReader } from './wire.ts';

/**
 * Writes an edited message as the bytes it was decoded from with only the edits changed.
 *
 * Walks the old bytes slot by slot. A field whose value is the very same stays, bit for bit, in whatever encoding, and
 * so does every unknown field. A changed scalar takes the place of its last slot. Of a changed list, elements that were
 * there before keep their slots; new ones come where the list has them. A field without a slot goes in front of the
 * first field with a higher number, or behind the last field that the schema knows.
 */
export function patchMessage(
  encoder: Encoder,
  codec: MessageCodec,
  before: Traceable,
  after: Traceable,
): void {
  const { bytes } = before.origin!;
  const [old, edited] = fieldsOf(codec, before, after);
  const changed = new Set(codec.fields.filter(({ property }) => !Object.is(old[property], edited[property])));
  if (changed.size === 0) encoder.bytes(bytes);
  else write(encoder, bytes, stepsOf(codec, bytes, changed, old, edited));
}

/** A run of old bytes, one element or a packed run of a field, or a field without a slot. */
type Step =
  | { readonly kind: 'keep'; readonly start: number; end: number }
  | { readonly kind: 'element' | 'packed' | 'field'; readonly field: FieldCodec; readonly value: unknown };

interface Slot {
  /** Undefined for what the schema does not know: another number, or another wire type. */
  readonly field: FieldCodec | undefined;
  readonly number: number;
  readonly wire: number;
  /** Where the tag, the value (behind its length) and the next slot start. */
  readonly start: number;
  readonly value: number;
  readonly end: number;
}

function write(encoder: Encoder, bytes: Uint8Array, steps: readonly Step[]): void {
  for (let i = steps.length - 1; i >= 0; i--) {
    const step = steps[i]!;
    if (step.kind === 'keep') encoder.bytes(bytes.subarray(step.start, step.end));
    else if (step.kind === 'element') encoder.element(step.field, step.value);
    else if (step.kind === 'packed') encoder.packed(step.field, step.value as readonly unknown[]);
    else encoder.field(step.field, step.value);
  }
}

function fieldsOf(codec: MessageCodec, before: Traceable, after: Traceable): readonly [Fields, Fields] {
  const { pair, fields } = codec.hooks;
  if (pair !== undefined) return pair(before, after);
  if (fields !== undefined) return [fields(before), fields(after)];
  return [before as Fields, after as Fields];
}

function stepsOf(
  codec: MessageCodec,
  bytes: Uint8Array,
  changed: ReadonlySet<FieldCodec>,
  old: Fields,
  edited: Fields,
): readonly Step[] {
  const slots = slotsOf(codec, bytes);
  const last = new Map(slots.map((slot, i) => [slot.field, i]));
  const behindKnown = slots.findLastIndex((slot) => slot.field !== undefined) + 1;
  const fresh = [...changed].filter((field) => !last.has(field));
  const lists = new Map<FieldCodec, ListWriter>();
  const steps: Step[] = [];
  let inserted = 0;
  const insertBelow = (number: number): void => {
    for (; inserted < fresh.length && fresh[inserted]!.number < number; inserted++) {
      const field = fresh[inserted]!;
      steps.push({ kind: 'field', field, value: edited[field.property] });
    }
  };
  slots.forEach((slot, i) => {
    const { field } = slot;
    if (i === behindKnown) insertBelow(Number.POSITIVE_INFINITY);
    else if (field !== undefined) insertBelow(field.number);
    if (field === undefined || !changed.has(field)) keep(steps, slot.start, slot.end);
    else if (field.repeated) {
      const { property } = field;
      const list = lists.get(field) ?? listWriter(field, old[property], edited[property], bytes);
      lists.set(field, list);
      list(steps, slot, last.get(field) === i);
    } else if (last.get(field) === i && edited[field.property] !== undefined)
      steps.push({ kind: 'element', field, value: edited[field.property] });
  });
  insertBelow(Number.POSITIVE_INFINITY);
  return steps;
}

function keep(steps: Step[], start: number, end: number): void {
  const previous = steps.at(-1);
  if (previous?.kind === 'keep' && previous.end === start) previous.end = end;
  else steps.push({ kind: 'keep', start, end });
}

/** Writes what belongs at a slot of a changed list. */
type ListWriter = (steps: Step[], slot: Slot, isLast: boolean) => void;

function listWriter(field: FieldCodec, old: unknown, edited: unknown, bytes: Uint8Array): ListWriter {
  const list = (edited ?? []) as readonly unknown[];
  return field.kind === 'message'
    ? messageList(field, list as readonly Traceable[], bytes)
    : scalarList(field, Array.isArray(old) ? old : [], list, bytes);
}

/**
 * At the slot of an element that is still in the list: everything up to and including it. At the last slot: the rest.
 * The slot of an element that is gone, or that now comes earlier, is skipped.
 */
function messageList(field: FieldCodec, list: readonly Traceable[], bytes: Uint8Array): ListWriter {
  const index = new Map<number, number>();
  list.forEach((element, i) => {
    const home = homeOf(element, bytes);
    if (home !== undefined && !index.has(home)) index.set(home, i);
  });
  let next = 0;
  return (steps, slot, isLast) => {
    const here = index.get(slot.value);
    const upTo = isLast ? list.length : here === undefined ? next : here + 1;
    for (; next < upTo; next++) {
      const element = list[next]!;
      const untouched = next === here && element.origin!.message === element;
      if (untouched) keep(steps, slot.start, slot.end);
      else steps.push({ kind: 'element', field, value: element });
    }
  };
}

/** Where in the parent's bytes an element was decoded, if it was. */
function homeOf({ origin }: Traceable, bytes: Uint8Array): number | undefined {
  if (origin === undefined || origin.bytes.buffer !== bytes.buffer) return undefined;
  const offset = origin.bytes.byteOffset - bytes.byteOffset;
  return offset >= 0 && offset <= bytes.length ? offset : undefined;
}

/** Scalars have no identity: the first takes the first slot, and so on; the last slot takes the rest. */
function scalarList(
  field: FieldCodec,
  old: readonly unknown[],
  list: readonly unknown[],
  bytes: Uint8Array,
): ListWriter {
  let next = 0;
  return (steps, slot, isLast) => {
    const packed = slot.wire === 2 && field.wire !== 2;
    const slotEnd = next + (packed ? countOf(field, slot, bytes) : 1);
    const upTo = isLast ? list.length : Math.min(list.length, slotEnd);
    const same = (i: number): boolean => Object.is(list[i], old[i]);
    if (upTo >= slotEnd && (!packed || upTo === slotEnd) && every(next, slotEnd, same)) {
      keep(steps, slot.start, slot.end);
      next = slotEnd;
    }
    if (packed && next < upTo) steps.push({ kind: 'packed', field, value: list.slice(next, upTo) });
    else for (let i = next; i < upTo; i++) steps.push({ kind: 'element', field, value: list[i] });
    next = upTo;
  };
}

function every(start: number, end: number, test: (i: number) => boolean): boolean {
  for (let i = start; i < end; i++) if (!test(i)) return false;
  return true;
}

function countOf(field: FieldCodec, slot: Slot, bytes: Uint8Array): number {
  if (field.wire !== 0) return (slot.end - slot.value) / (field.wire === 5 ? 4 : 8);
  let count = 0;
  for (let i = slot.value; i < slot.end; i++) if (bytes[i]! < 128) count += 1;
  return count;
}

function slotsOf(codec: MessageCodec, bytes: Uint8Array): Slot[] {
  const reader = new WireReader(bytes);
  const slots: Slot[] = [];
  while (reader.pos < reader.end) {
    const start = reader.pos;
    reader.tag();
    const { field: number, wire } = reader;
    const known = codec.byNumber[number];
    const field = known !== undefined && accepts(known, wire) ? known : undefined;
    const behindTag = reader.pos;
    let value = behindTag;
    if (wire === 2) {
      reader.length();
      value = reader.pos;
      reader.pos = behindTag;
    }
    reader.skip();
    slots.push({ field, number, wire, start, value, end: reader.pos });
  }
  return slots;
}
