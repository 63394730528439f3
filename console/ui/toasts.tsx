import { Cross2Icon } from '@radix-ui/react-icons'
import { useSyncExternalStore } from 'react'
import { IconButton } from './button.tsx'
import { dismissToast, toastStore } from './toast-store.ts'
import './toast.css'

/** Where messages of `toast()` appear; the shell has one. */
export function Toasts() {
  const toasts = useSyncExternalStore(toastStore.subscribe, toastStore.get)
  return (
    <div className="toasts" role="status" aria-live="polite">
      {toasts.map(({ id, text, tone }) => (
        <div key={id} className={`toast ${tone}`}>
          <span>{text}</span>
          <IconButton label="Dismiss" size="small" onPress={() => dismissToast(id)}>
            <Cross2Icon />
          </IconButton>
        </div>
      ))}
    </div>
  )
}
