// The legend is text first: each class in words with its count, the swatch beside it only an aid.
import { NO_DATA_FILL, NO_DATA_LINE, inkOn } from './patterns'
import { trace } from './points'
import type { MapData } from './protocol'

export function fillLegend(legend: HTMLElement, { paint, points }: Pick<MapData, 'paint' | 'points'>): void {
  legend.replaceChildren()
  if (paint) {
    legend.append(heading(paint.title, paint.unit))
    const plural = (count: number) => `${count.toLocaleString('en-GB')} ${paint.counted[count === 1 ? 0 : 1]}`
    const rows = paint.palette.map((colour, i) =>
      row(swatch(colour), paint.labels[i] ?? '', plural(paint.counts[i] ?? 0)),
    )
    rows.push(row(swatch(hatchOf(NO_DATA_FILL, NO_DATA_LINE, '-45deg', 1)), paint.no_data.label, plural(paint.no_data.count)))
    if (paint.marks) {
      const colour = paint.palette[Math.floor(paint.palette.length / 2)] ?? '#cccccc'
      rows.push(row(swatch(hatchOf(colour, inkOn(colour), '45deg', 1.5)), paint.marks_label, plural(paint.marks_count)))
    }
    if (paint.faint) rows.push(row(dotted(paint.palette), paint.faint_label, plural(paint.faint_count)))
    legend.append(list(rows))
  }
  if (points.length) legend.append(list(points.map((layer) => row(symbol(layer.symbol, layer.colour), layer.label, ''))))
  legend.hidden = legend.childElementCount === 0
}

function heading(title: string, unit: string): HTMLElement {
  const made = document.createElement('h3')
  made.textContent = title
  if (unit) {
    const small = document.createElement('small')
    small.textContent = unit
    made.append(small)
  }
  return made
}

function list(rows: HTMLElement[]): HTMLElement {
  const made = document.createElement('ul')
  made.append(...rows)
  return made
}

function row(mark: HTMLElement, label: string, count: string): HTMLElement {
  const made = document.createElement('li')
  const text = document.createElement('span')
  text.textContent = label
  const number = document.createElement('span')
  number.className = 'hjp-count'
  number.textContent = count
  made.append(mark, text, number)
  return made
}

function swatch(background: string): HTMLElement {
  const made = document.createElement('span')
  made.className = 'hjp-swatch'
  made.setAttribute('aria-hidden', 'true')
  made.style.background = background
  return made
}

function dotted(palette: string[]): HTMLElement {
  const colour = palette[Math.floor(palette.length / 2)] ?? '#cccccc'
  const made = swatch(`radial-gradient(circle, ${inkOn(colour)} 0 1px, ${colour} 1.5px)`)
  made.style.backgroundSize = '5px 5px'
  return made
}

function hatchOf(fill: string, line: string, angle: string, width: number): string {
  return `repeating-linear-gradient(${angle}, ${line} 0 ${width}px, ${fill} ${width}px 5px)`
}

function symbol(shape: MapData['points'][number]['symbol'], colour: string): HTMLElement {
  const canvas = document.createElement('canvas')
  canvas.className = 'hjp-symbol'
  canvas.setAttribute('aria-hidden', 'true')
  canvas.width = canvas.height = 32
  const context = canvas.getContext('2d')
  if (context) {
    context.scale(2, 2)
    context.fillStyle = colour
    context.beginPath()
    trace(context, shape, 8, 8, 5)
    context.fill()
    context.lineWidth = 1.25
    context.strokeStyle = '#ffffff'
    context.stroke()
  }
  return canvas
}
