// mail.js: where the links of mails lead. What they carry stands behind the #, so no server's log has it; and nothing
// happens before a person presses the button, since mail programs open links too.
const WORDS = {
  ru: {
    confirm: 'Подтвердить адрес почты', reset: 'Новый пароль', password: 'Пароль, от 8 символов', save: 'Сохранить',
    confirmed: 'Адрес подтверждён.', changed: 'Пароль изменён. Войдите с ним.', wrong: 'Ссылка больше не действует.',
    failed: 'Не получилось, попробуйте ещё раз.', home: 'К Artel', other: 'Здесь ничего нет.',
  },
  en: {
    confirm: 'Confirm your mail address', reset: 'A new password', password: 'Password, 8 characters or more', save: 'Save',
    confirmed: 'The address is confirmed.', changed: 'The password is changed. Log in with it.', wrong: 'The link is no longer good.',
    failed: 'That did not work, try again.', home: 'To Artel', other: 'There is nothing here.',
  },
}
const CALLS = {
  confirm: { path: '/api/v1/auth/email-confirmation', body: (token) => ({ token }), done: 'confirmed' },
  reset: { path: '/api/v1/auth/password-reset/confirm', body: (token, password) => ({ token, password }), done: 'changed' },
}

const language = (navigator.language ?? '').toLowerCase().startsWith('ru') ? 'ru' : 'en'
const words = WORDS[language]
const part = (id) => document.getElementById(id)
const [what, token] = location.hash.slice(1).split('=')
const call = CALLS[what]

document.documentElement.lang = language
part('title').textContent = words[call ? what : 'other']
part('label').textContent = words.password
part('button').textContent = what === 'reset' ? words.save : words.confirm
part('home').textContent = words.home
part('field').hidden = what !== 'reset'
part('password').required = what === 'reset'
part('button').hidden = !call

part('form').addEventListener('submit', async (event) => {
  event.preventDefault()
  part('button').disabled = true
  const body = JSON.stringify(call.body(token, part('password').value))
  const status = await fetch(call.path, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    .then((answer) => answer.status, () => 0)
  const isDone = status === 204
  part('said').textContent = words[isDone ? call.done : status === 422 ? 'wrong' : 'failed']
  part('button').hidden = isDone
  part('field').hidden = isDone || what !== 'reset'
  part('button').disabled = false
  if (isDone) history.replaceState(null, '', location.pathname)
})
