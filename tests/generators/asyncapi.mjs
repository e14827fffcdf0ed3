// Whether a file is an AsyncAPI document: `node asyncapi.mjs FILE`.
import { readFile } from 'node:fs/promises'
import { Parser } from '@asyncapi/parser'

const { document, diagnostics } = await new Parser().parse(await readFile(process.argv[2], 'utf8'))
const errors = diagnostics.filter(({ severity }) => severity === 0)
for (const { message, path } of errors) console.error(`asyncapi: ${path.join('.')}: ${message}`)
if (!document || errors.length) process.exit(1)
console.log(`asyncapi: ${document.channels().all().length} channels, ${document.allMessages().all().length} messages`)
