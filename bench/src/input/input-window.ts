/** Inputs that are made shortly before they are needed, so that making them is not timed and few are alive at a time. */

/** The inputs of the calls that come next. */
export class InputWindow<Input> {
  #first = 0;
  #inputs: Input[] = [];

  fill(from: number, to: number, make: (call: number) => Input): void {
    this.#first = from;
    this.#inputs = Array.from({ length: to - from }, (_, i) => make(from + i));
  }

  at(call: number): Input {
    return this.#inputs[call - this.#first]!;
  }
}
