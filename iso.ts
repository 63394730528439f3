import { compareWithout } from './test/simulation/isolation.ts'
const [a, b] = [Number(process.argv[2]), Number(process.argv[3])]
for (let seed = a; seed <= b; seed += 1) {
  const t = performance.now()
  try {
    const { compared, differences, fates } = await compareWithout({ seed, simulatedMs: 20_000, fateEveryMs: Number(process.argv[4] ?? 3000) })
    console.log(seed, compared, differences.length, JSON.stringify(fates), Math.round(performance.now() - t), differences.slice(0, 2).join('\n   ').slice(0, 1500))
  } catch (e) { console.log(seed, String(e).slice(0, 600)) }
}
