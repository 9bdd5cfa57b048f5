// The words around the map: message, hover card, legend's place, credit line, and what a screen reader hears.

const HELP =
  'Arrow keys move the map, plus and minus zoom, Enter selects the area under the cross in the middle, Escape leaves. ' +
  'Everything that can be drawn here can also be entered in the form beside the map, and every figure is in the table.'

let helpNumber = 0

export interface Shell {
  readonly root: HTMLElement
  readonly map: HTMLElement
  readonly legend: HTMLElement
  say(text: string): void
  readOut(text: string): void
  credit(text: string): void
  message(text: string, retry?: () => void): void
  ask(text: string, answers: [string, () => void][]): void
  showCard(lines: CardLines, x: number, y: number): void
  hideCard(): void
}

export interface CardLines {
  title: string
  subtitle: string
  rows: [string, string][]
  note: string
  source: string
}

export function buildShell(root: HTMLElement): Shell {
  const element = (tag: string, className: string, parent: HTMLElement = root): HTMLElement => {
    const made = document.createElement(tag)
    made.className = className
    parent.append(made)
    return made
  }
  root.replaceChildren()
  const frame = element('div', 'hjp-frame')
  const map = element('div', 'hjp-map', frame)
  for (const aid of ['hjp-cross', 'hjp-ring']) element('div', aid, frame).setAttribute('aria-hidden', 'true')
  const card = element('div', 'hjp-card', frame)
  card.setAttribute('aria-hidden', 'true')
  card.hidden = true
  const readOut = element('div', 'hjp-readout', frame)
  readOut.hidden = true
  const message = element('div', 'hjp-message', frame)
  message.hidden = true
  const question = element('div', 'hjp-message hjp-question', frame)
  question.setAttribute('role', 'alertdialog')
  question.hidden = true
  const help = element('p', 'hjp-unseen', frame)
  help.id = `hjp-help-${++helpNumber}`
  help.textContent = HELP
  const live = element('div', 'hjp-unseen', frame)
  live.setAttribute('aria-live', 'polite')
  const legend = element('section', 'hjp-legend')
  legend.setAttribute('aria-label', 'Legend of the map')
  const credit = element('p', 'hjp-credit')

  map.setAttribute('role', 'application')
  map.setAttribute('aria-roledescription', 'map')
  map.setAttribute('aria-describedby', help.id)

  markKeyboardUse(map)
  // Leaflet focuses the map on a click, and holds only the window still: the page's own scroller would jump
  map.focus = () => HTMLElement.prototype.focus.call(map, { preventScroll: true })
  return {
    root,
    map,
    legend,
    say: (text) => (live.textContent = text),
    readOut: (text) => {
      readOut.hidden = text === ''
      readOut.textContent = text
    },
    credit: (text) => (credit.textContent = text),
    message: (text, retry) => {
      message.hidden = text === ''
      message.setAttribute('role', retry ? 'alert' : 'status')
      message.replaceChildren(text)
      if (!retry) return
      const button = document.createElement('button')
      button.type = 'button'
      button.textContent = 'Try again'
      button.addEventListener('click', retry)
      message.append(button)
    },
    ask: (text, answers) => {
      question.hidden = false
      question.setAttribute('aria-label', text)
      question.replaceChildren(text)
      for (const [words, act] of answers) {
        const button = document.createElement('button')
        button.type = 'button'
        button.textContent = words
        button.addEventListener('click', () => {
          question.hidden = true
          act()
        })
        question.append(button)
      }
    },
    showCard: (lines, x, y) => {
      fillCard(card, lines)
      card.hidden = false
      place(card, frame, x, y)
    },
    hideCard: () => (card.hidden = true),
  }
}

/**
 * The ring and the cross are for people at the keyboard. `:focus-visible` alone would show them after a click too,
 * because Leaflet focuses the map from a script.
 */
function markKeyboardUse(map: HTMLElement): void {
  let isPointing = false
  const mark = (isOn: boolean) => map.classList.toggle('hjp-by-key', isOn)
  map.addEventListener('pointerdown', () => {
    isPointing = true
    mark(false)
  }, { capture: true })
  map.addEventListener('pointerup', () => (isPointing = false), { capture: true })
  map.addEventListener('focus', () => mark(!isPointing && map.matches(':focus-visible')))
  map.addEventListener('keydown', (event) => mark(event.target === map), { capture: true })
  map.addEventListener('blur', () => mark(false))
}

/** Names come from providers and uploads: they are only ever text. */
function fillCard(card: HTMLElement, { title, subtitle, rows, note, source }: CardLines): void {
  const line = (tag: string, text: string): HTMLElement => {
    const made = document.createElement(tag)
    made.textContent = text
    return made
  }
  const parts: HTMLElement[] = [line('strong', title)]
  if (subtitle) parts.push(line('small', subtitle))
  if (rows.length) {
    const list = document.createElement('dl')
    for (const [term, value] of rows) list.append(line('dt', term), line('dd', value))
    parts.push(list)
  }
  if (note) parts.push(line('em', note))
  if (source) parts.push(line('small', `Source: ${source}`))
  card.replaceChildren(...parts)
}

/** Beside the pointer, on whichever side has room. */
function place(card: HTMLElement, frame: HTMLElement, x: number, y: number): void {
  const gap = 14
  const left = x + gap + card.offsetWidth > frame.clientWidth ? x - gap - card.offsetWidth : x + gap
  const top = y + gap + card.offsetHeight > frame.clientHeight ? y - gap - card.offsetHeight : y + gap
  card.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`
}
