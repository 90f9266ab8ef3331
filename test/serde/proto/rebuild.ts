import { type Model, Tensor, type Traceable } from '../../../src/ir/index.ts';

/**
 * A copy of a model in which every message is a new object: what an editor leaves that touched everything and changed
 * nothing.
 */
export function touchEverything<Message extends Traceable>(message: Message): Message {
  return copy(message) as Message;
}

/** The same model as if it had been built in memory: no message knows its bytes. */
export function forgetOrigins(model: Model): Model {
  return forget(model) as Model;
}

function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy);
  if (value instanceof Tensor) return value.with({ metadata: copy(value.metadata) as never });
  if (!isMessage(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [key, key === 'origin' ? field : copy(field)]),
  );
}

function forget(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(forget);
  if (value instanceof Tensor)
    return value.with({
      origin: undefined,
      metadata: forget(value.metadata) as never,
      external: forget(value.external) as never,
    });
  if (!isMessage(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, field]) => (key === 'origin' ? [] : [[key, forget(field)]])),
  );
}

function isMessage(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
