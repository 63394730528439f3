import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** Every address in what is built is relative, so that the console works below any path of a proxy. */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [react()],
  build: {
    outDir: 'built',
    // Which files a page needs, for scripts/console-budget.ts.
    manifest: true,
    emptyOutDir: true,
    // Everything comes from this server as a file: the content security policy allows nothing else.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    // Browsers that know light-dark(), so that it stays one declaration.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    chunkSizeWarningLimit: 1000,
  },
})
