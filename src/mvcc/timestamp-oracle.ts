/** Hands out commit timestamps: strictly increasing, each once. The only clock that orders commits. */

import { assert } from '../base/index.js';
import { MAX_TIMESTAMP, type Timestamp } from '../storage/index.js';

export class TimestampOracle {
  #last: Timestamp;

  /** @param last the newest timestamp that recovery found; 0 for a new database. */
  constructor(last: Timestamp) {
    this.#last = last;
  }

  /** The newest timestamp handed out. */
  get last(): Timestamp {
    return this.#last;
  }

  next(): Timestamp {
    assert(this.#last < MAX_TIMESTAMP, 'commit timestamps stay below 2^53');
    return ++this.#last;
  }
}
