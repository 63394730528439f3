/** Short messages that pass: that something was done. What went wrong stays where it happened instead. */
export type Toast = { readonly id: number; readonly text: string; readonly tone: 'plain' | 'bad' }

const shownMs = 5000
const shownMax = 3

let toasts: readonly Toast[] = []
let lastId = 0
const listeners = new Set<() => void>()

export function toast(text: string, tone: Toast['tone'] = 'plain'): void {
  lastId += 1
  const id = lastId
  setToasts([...toasts, { id, text, tone }].slice(-shownMax))
  setTimeout(() => dismissToast(id), shownMs)
}

export const dismissToast = (id: number): void =>
  setToasts(toasts.filter((other) => other.id !== id))

export const toastStore = {
  get: (): readonly Toast[] => toasts,
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
}

function setToasts(next: readonly Toast[]): void {
  toasts = next
  for (const listener of listeners) listener()
}
