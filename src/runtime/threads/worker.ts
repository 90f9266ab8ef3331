import { runShare, type Work, withPanels } from '../integer/share.ts';
import type { Share } from '../integer/work.ts';
import {
  begunBy,
  failed,
  type Greeting,
  idle,
  type Order,
  orderedBy,
  type Parcel,
  takeShares,
} from './pool.ts';
import { nodeThreads } from './start.ts';

/**
 * The script of a thread: it is told where its state is, then computes one share after another. Whoever has ordered a share
 * waits for the state to change, so nothing is sent back.
 */
let states: Int32Array = new Int32Array(0);
let index = 0;
const kept = new Map<number, Float64Array>();

function receive(message: Greeting | Parcel | Order<Work, Share>): void {
  if ('states' in message) {
    ({ states, index } = message);
    Atomics.store(states, index, idle);
    return;
  }
  if ('key' in message) {
    if (message.numbers === undefined) kept.delete(message.key);
    else kept.set(message.key, message.numbers);
    return;
  }
  const { ticket, lasting, shares } = message;
  const begun = begunBy(ticket);
  const ordered = orderedBy(ticket);
  if (Atomics.compareExchange(states, index, ordered, begun) !== ordered) return;
  let state = failed;
  try {
    const work = withPanels(message.work, (i) => kept.get(lasting[i]!)!);
    takeShares(states, shares, (share) => runShare(work, share));
    state = idle;
  } finally {
    Atomics.compareExchange(states, index, begun, state);
    Atomics.notify(states, index);
  }
}

const port = nodeThreads()?.parentPort;
if (port) port.on('message', receive);
else
  (
    globalThis as { onmessage?: (event: { readonly data: Parameters<typeof receive>[0] }) => void }
  ).onmessage = ({ data }) => receive(data);
