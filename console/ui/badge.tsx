import type { ReactNode } from 'react'
import './badge.css'

export type Tone = 'plain' | 'good' | 'warn' | 'bad' | 'accent'

/** A word or two about the state of something. The words carry it; the colour only helps. */
export function Badge(props: { readonly tone?: Tone; readonly children: ReactNode }) {
  return <span className={`badge ${props.tone ?? 'plain'}`}>{props.children}</span>
}
