// award_text.js: achievements in the words of the page; those that it has no words for are told in the server's.
import { has, t } from './i18n.js'

export const awardTitle = ({ code, title }) => (has(`award.${code}`) ? t(`award.${code}`) : title ?? '')
export const awardHow = ({ code, description }) => (has(`award.${code}.how`) ? t(`award.${code}.how`) : description ?? '')
