/** The newest items of an endless sequence, for readers that come back with their place in it. */

export class Ring<Item> {
  readonly #capacity: number;
  readonly #items: Item[] = [];
  #start = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Place after the newest item: where a new reader begins. */
  get end(): number {
    return this.#start + this.#items.length;
  }

  push(item: Item): void {
    this.#items.push(item);
    // Cutting off a half at a time keeps the cost of one push constant on average.
    if (this.#items.length < 2 * this.#capacity) return;
    this.#items.splice(0, this.#capacity);
    this.#start += this.#capacity;
  }

  /** Items from `place` on, or undefined when the reader has fallen behind what is kept. */
  since(place: number): readonly Item[] | undefined {
    return place < this.#start ? undefined : this.#items.slice(place - this.#start);
  }
}
