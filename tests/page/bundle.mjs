// Bundles the page for browsers far away: few files with hashed names, small, and each also compressed. The sources run as
// they are, at `/index.html`; what this writes to `static/dist` is committed, so that the server builds without npm.
// `node bundle.mjs [DIRECTORY]`.
import { createHash } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import zlib from 'node:zlib'
import { build } from 'esbuild'

const SOURCES = fileURLToPath(new URL('../../static', import.meta.url))
const PAGES = ['index.html', 'mail.html']
/** What old phones in a billiard hall still run. */
const TARGET = ['chrome100', 'firefox100', 'safari15.4']
const SHELL = /^assets\/(?!mail-|inter-latin-ext-).+/
const COMPRESSED = /\.(js|css|svg|html|webmanifest)$/

// Addresses from the root of the server are files of the sources.
const fromRoot = {
  name: 'from-root',
  setup: ({ onResolve }) => onResolve({ filter: /^\// }, ({ path: address, kind }) =>
    kind === 'entry-point' ? null : { path: path.join(SOURCES, address) }),
}

// Whatever is loaded later comes after the page's own start, which holds all that the two share: one file instead of many.
const afterStart = {
  name: 'after-start',
  setup: ({ onResolve, onLoad }) => {
    const later = new Set()
    onResolve({ filter: /^\./ }, ({ path: address, kind, resolveDir }) => {
      if (kind === 'dynamic-import' && !address.includes('/i18n/')) later.add(path.join(resolveDir, address))
    })
    onLoad({ filter: /\.js$/ }, async ({ path: file }) =>
      later.has(file) ? { contents: `${await readFile(file, 'utf8')}\nimport '/app.js'\n`, resolveDir: path.dirname(file) } : null)
  },
}

const settings = {
  bundle: true, minify: true, format: 'esm', splitting: true, target: TARGET, charset: 'utf8', write: false, metafile: true,
  legalComments: 'none', outdir: '/assets', publicPath: '/assets', absWorkingDir: SOURCES,
  entryNames: '[name]-[hash]', chunkNames: '[name]-[hash]', assetNames: '[name]-[hash]',
  loader: { '.woff2': 'file', '.svg': 'file' }, plugins: [fromRoot, afterStart],
}

/** Files by the name under which they are served, from the page's own directory on. */
export async function bundle() {
  const files = new Map()
  for (const page of PAGES) {
    let text = await readFile(path.join(SOURCES, page), 'utf8')
    const styles = [...text.matchAll(/ *<link rel="stylesheet" href="(.+?)">\n/g)]
    const css = styles.map(([, href]) => `@import "${href}";`).join('\n')
    const stem = page.replace('.html', '')
    const [{ file: style }] = await write(files, { stdin: { contents: css, loader: 'css', resolveDir: SOURCES, sourcefile: `${stem}.css` }, entryNames: `${stem}-[hash]` })
    styles.forEach(([line], at) => { text = text.replace(line, at ? '' : `  <link rel="stylesheet" href="${style}">\n`) })
    for (const [tag, src] of text.matchAll(/<script src="\/(.+?)">/g)) {
      const [{ file }] = await write(files, { entryPoints: [`./${src}`], format: 'iife', splitting: false })
      text = text.replace(tag, `<script src="${file}">`)
    }
    // Together, so that what several of them need is there once.
    const modules = [...text.matchAll(/ *<script type="module"( async)? src="\/(.+?)"><\/script>\n/g)]
    const scripts = modules.length ? await write(files, { entryPoints: modules.map(([, , src]) => `./${src}`) }) : []
    // All at once: else a browser learns of them when it has read the first.
    const preloads = [...new Set(scripts.flatMap(({ needed }) => needed))].filter((needed) => !scripts.some(({ file }) => file === needed))
    const tags = [...preloads.map((file) => `  <link rel="modulepreload" href="${file}">\n`), ...scripts.map(({ file }, at) => `  <script type="module"${modules[at][1] ?? ''} src="${file}"></script>\n`)]
    modules.forEach(([line], at) => { text = text.replace(line, at ? '' : tags.join('')) })
    const icon = text.match(/href="\/(icon\.svg)"/)
    text = text.replace(icon[0], `href="${hashed(files, icon[1], await readFile(path.join(SOURCES, icon[1])))}"`)
    files.set(page, Buffer.from(text))
  }
  files.set('sw.js', await worker(files))
  return files
}

/** Keeps what the first screens need: fonts of other alphabets come when they are shown. */
async function worker(files) {
  const shell = ['/', ...[...files.keys()].filter((name) => SHELL.test(name)).map((name) => `/${name}`).sort()]
  const hash = createHash('sha256')
  for (const contents of files.values()) hash.update(contents)
  const define = { BUNDLE: JSON.stringify({ version: hash.digest('hex').slice(0, 12), files: shell }) }
  const { outputFiles } = await build({ ...settings, format: 'iife', splitting: false, define, entryPoints: ['./service_worker.js'] })
  return Buffer.from(outputFiles[0].contents)
}

/** Adds what esbuild makes; answers, for each entry, the address of its file and of those that it needs at once. */
async function write(files, options) {
  const { outputFiles, metafile, warnings } = await build({ ...settings, ...options })
  if (warnings.length) throw new Error(warnings.map(({ text }) => text).join('; '))
  for (const { path: file, contents } of outputFiles) files.set(file.slice(1), Buffer.from(contents))
  const address = (file) => `/assets/${path.basename(file)}`
  const needs = (file, found = new Set()) => {
    for (const { path: next, kind } of metafile.outputs[file].imports) {
      if (kind !== 'import-statement' || found.has(next)) continue
      found.add(next)
      needs(next, found)
    }
    return found
  }
  return (options.entryPoints ?? [options.stdin.sourcefile]).map((source) => {
    let [file, { inputs, imports }] = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint && path.basename(entryPoint) === path.basename(source))
    // Where all of it is shared with what is loaded later, the entry is but a line that asks for the file that has it.
    const whole = !Object.keys(inputs).length && imports.find(({ path: one }) => needs(one).size === imports.length - 1)
    if (whole) {
      files.delete(address(file).slice(1))
      file = whole.path
    }
    return { file: address(file), needed: [...needs(file)].map(address) }
  })
}

function hashed(files, name, contents) {
  const { name: stem, ext } = path.parse(name)
  const file = `assets/${stem}-${createHash('sha256').update(contents).digest('hex').slice(0, 8)}${ext}`
  files.set(file, contents)
  return `/${file}`
}

async function main(directory) {
  await rm(directory, { recursive: true, force: true })
  for (const [name, contents] of await bundle()) {
    const file = path.join(directory, name)
    await mkdir(path.dirname(file), { recursive: true })
    await writeFile(file, contents)
    if (!COMPRESSED.test(name)) continue
    await writeFile(`${file}.gz`, zlib.gzipSync(contents, { level: 9 }))
    await writeFile(`${file}.br`, zlib.brotliCompressSync(contents))
  }
}

if (import.meta.url === `file://${process.argv[1]}`) await main(path.resolve(process.argv[2] ?? path.join(SOURCES, 'dist')))
