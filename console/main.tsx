import './ui/tokens.css'
import './ui/base.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app/app.tsx'
import { applyTheme } from './app/theme.ts'
import { takeKeyFromAddress } from './data/credential.ts'
import { takeCodeFromAddress } from './data/one-time-code.ts'

applyTheme()
const takeFromAddress = (): void => {
  takeKeyFromAddress()
  takeCodeFromAddress()
}
takeFromAddress()
addEventListener('hashchange', takeFromAddress)

const place = document.getElementById('root')
if (place !== null) {
  createRoot(place).render(
    <StrictMode>
      <App />
    </StrictMode>,
  )
}
