/** Work under one name runs one after another, in the order in which it came; other names do not wait for it. */
export class OneAtATime {
  readonly #last = new Map<string, Promise<void>>()

  async run<Answer>(name: string, work: () => Promise<Answer>): Promise<Answer> {
    const before = this.#last.get(name)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#last.set(name, promise)
    try {
      await before
      return await work()
    } finally {
      if (this.#last.get(name) === promise) this.#last.delete(name)
      resolve()
    }
  }
}
