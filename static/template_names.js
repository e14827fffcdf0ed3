// template_names.js: the templates that every server has, in the reader's language; others are called as their makers did.
import { has, t } from './i18n.js'

const SEEDED = /^00000000-0000-7000-8000-([0-9a-f]{12})$/

export function templateName({ id, is_system: isSystem, name }) {
  const number = isSystem && SEEDED.exec(id)
  const key = number && `template.${parseInt(number[1], 16)}`
  return key && has(key) ? t(key) : name
}
