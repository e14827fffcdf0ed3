// names.js: how somebody is called; whoever deleted the account has no name of his own any more.
import { t } from './i18n.js'

/** The server's word for them, in whatever list. */
const DELETED = 'deleted player'

export const called = (name) => (!name || name === DELETED ? t('chat.somebody') : name)
