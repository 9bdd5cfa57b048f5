// Builds the sketching map into ../hjp_geo/sketchmap/static: one module, one style sheet (images inlined), and the
// licences of what is inside. Nothing in them is fetched from another address at run time.
import { build } from 'esbuild'
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const out = join(here, '..', 'hjp_geo', 'sketchmap', 'static')
const shared = { bundle: true, minify: true, target: ['chrome111', 'firefox113', 'safari16.4'], logLevel: 'warning', absWorkingDir: here }

await rm(out, { recursive: true, force: true })
await mkdir(out, { recursive: true })
await build({
  ...shared,
  entryPoints: ['src/main.ts'],
  outfile: join(out, 'sketchmap.js'),
  format: 'esm',
  inject: ['src/inject.ts'],
  legalComments: 'none',
})
await build({
  ...shared,
  entryPoints: ['src/style.css'],
  outfile: join(out, 'sketchmap.css'),
  loader: { '.png': 'dataurl', '.svg': 'dataurl' },
})
// what a standalone map carries inside (hjp_geo/maps/standalone.py)
for (const file of ['leaflet.js', 'leaflet.css']) await copyFile(join(here, 'node_modules', 'leaflet', 'dist', file), join(out, file))
await writeFile(join(out, 'LICENCES.txt'), await licences())

/** The licence text of every package we depend on, and of all that they bundle. */
async function licences() {
  const { dependencies } = JSON.parse(await readFile(join(here, 'package.json'), 'utf8'))
  const seen = new Map()
  const queue = Object.keys(dependencies)
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    if (seen.has(name)) continue
    const folder = join(here, 'node_modules', name)
    const { version, license, dependencies: more = {} } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
    const file = (await readdir(folder)).find((each) => /^licen[cs]e/i.test(each))
    const text = file ? (await readFile(join(folder, file), 'utf8')).trim() : '(the package has no licence file; its declared licence is named above)'
    seen.set(name, `${name} ${version}\nLicence: ${license}\n\n${text}\n`)
    queue.push(...Object.keys(more))
  }
  const rule = `\n${'-'.repeat(100)}\n\n`
  const names = [...seen.keys()].sort()
  return `The sketching map of hjp-geo (MIT) contains these packages.\n${rule}${names.map((name) => seen.get(name)).join(rule)}`
}
