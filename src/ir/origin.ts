/**
 * The bytes a decoded message came from.
 *
 * A message nobody edited is written back as these bytes; of one that was edited, every field that still has its
 * decoded value is. So unknown fields, field order, packing and presence survive. Copies made with spread or immer
 * carry the origin along, which is what tells the encoder what they were copied from.
 */
export class Origin {
  #buffer: Uint8Array;
  #start: number;
  #end: number;
  #message: object | undefined;

  constructor(buffer: Uint8Array, start = 0, end = buffer.length) {
    this.#buffer = buffer;
    this.#start = start;
    this.#end = end;
    Object.freeze(this);
  }

  /** The body of the message, a view into the decoded buffer. Made when asked for: most messages are only read. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  /** Ties the origin to the frozen object that was decoded from it. Called once, by the decoder. */
  describe(message: object): void {
    this.#message ??= message;
  }

  /** The object as decoded. */
  get message(): object | undefined {
    return this.#message;
  }
}

/** A message that may know where it was decoded from. */
export interface Traceable {
  readonly origin?: Origin | undefined;
}

/** Whether `message` is the very object its decoder made: then its bytes can be written back as they are. */
export function isUntouched(message: Traceable): boolean {
  return message.origin !== undefined && message.origin.message === message;
}
