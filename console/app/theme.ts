import { useSyncExternalStore } from 'react'

/** Light, dark, or as the reader's system has it. Kept in this browser. */
export const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

export const themeWords = { system: 'System', light: 'Light', dark: 'Dark' } as const

const storedName = 'plimsoll-theme'
const listeners = new Set<() => void>()

export const useTheme = (): Theme =>
  useSyncExternalStore((listener) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }, stored)

export function setTheme(theme: Theme): void {
  localStorage.setItem(storedName, theme)
  applyTheme()
  for (const listener of listeners) listener()
}

/** Before anything is drawn. */
export function applyTheme(): void {
  const theme = stored()
  if (theme === 'system') document.documentElement.removeAttribute('data-theme')
  else document.documentElement.setAttribute('data-theme', theme)
}

const stored = (): Theme =>
  themes.find((theme) => theme === localStorage.getItem(storedName)) ?? 'system'
