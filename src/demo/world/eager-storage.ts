import type { GateParts } from '../../operations/parts.ts'

type Storage = GateParts['storage']

/**
 * The same storage, whose changes answer as soon as they ran and not only once they are durable: nobody is told of
 * anything while a demo world is made, and many changes then share one commit. Commands wait as ever, since they read
 * back what they wrote. `whenDurable` rejects when anything of it was not.
 */
export function eager(storage: Storage): {
  readonly storage: Storage
  readonly whenDurable: () => Promise<unknown>
} {
  const commits: Promise<unknown>[] = []
  const update: Storage['update'] = (scope, change, once) => {
    if (once !== undefined) return storage.update(scope, change, once)
    return new Promise((resolve, reject) => {
      const commit = storage.update(scope, (account, context) => {
        const changed = change(account, context)
        // It has been written by the time anybody hears of it.
        resolve(changed.answer)
        return changed
      })
      commits.push(commit)
      commit.catch(reject)
    })
  }
  const proxy = new Proxy(storage, {
    get: (target, name) => {
      if (name === 'update') return update
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { storage: proxy, whenDurable: () => Promise.all(commits) }
}
