// Hatching: what tells deserts and missing data apart without colour. One look for canvas, raster and legend.

export const NO_DATA_FILL = '#f3f3f1'
export const NO_DATA_LINE = '#8b9097'
const TILE = 8

/** Black or white, whichever stands out more on a colour (WCAG relative luminance). */
export function inkOn(colour: string): string {
  const [r, g, b] = rgbOf(colour)
  const linear = (c: number) => (c <= 10.3 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4)
  const luminance = 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
  return luminance > 0.179 ? '#111111' : '#ffffff'
}

const PARSED = new Map<string, [number, number, number]>()

/** Red, green and blue of any CSS colour, 0 to 255. */
export function rgbOf(colour: string): [number, number, number] {
  const known = PARSED.get(colour)
  if (known) return known
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = 1
  const context = canvas.getContext('2d')
  if (!context) return [128, 128, 128]
  context.fillStyle = colour
  const text = context.fillStyle
  const parts = /^#(..)(..)(..)$/.exec(text)
  const rgb: [number, number, number] = parts
    ? [parseInt(parts[1]!, 16), parseInt(parts[2]!, 16), parseInt(parts[3]!, 16)]
    : (text.match(/\d+/g)?.slice(0, 3).map(Number) as [number, number, number])
  PARSED.set(colour, rgb)
  return rgb
}

/** Missing data: pale, with thin lines rising to the right. */
export function noDataPattern(context: CanvasRenderingContext2D, density: number): CanvasPattern | string {
  return hatch(context, density, NO_DATA_FILL, NO_DATA_LINE, 0.9, 'rising')
}

/** Marked areas: their own colour, with strong lines falling to the right. */
export function markPattern(context: CanvasRenderingContext2D, density: number, colour: string): CanvasPattern | string {
  return hatch(context, density, colour, inkOn(colour), 1.4, 'falling')
}

/** Marked, but not for sure: their own colour, with dots. */
export function faintPattern(context: CanvasRenderingContext2D, density: number, colour: string): CanvasPattern | string {
  return tiled(context, density, colour, (tile, side) => {
    tile.fillStyle = inkOn(colour)
    for (const [x, y] of [[0.25, 0.25], [0.75, 0.75]] as const) {
      tile.beginPath()
      tile.arc(x * side, y * side, 0.95 * density, 0, 2 * Math.PI)
      tile.fill()
    }
  })
}

function hatch(
  target: CanvasRenderingContext2D,
  density: number,
  fill: string,
  line: string,
  width: number,
  slope: 'rising' | 'falling',
): CanvasPattern | string {
  return tiled(target, density, fill, (context, side) => {
    context.strokeStyle = line
    context.lineWidth = width * density
    context.beginPath()
    for (const shift of [-side, 0, side]) {
      const [from, to] = slope === 'rising' ? [side, 0] : [0, side]
      context.moveTo(shift - 1, from + (slope === 'rising' ? 1 : -1))
      context.lineTo(shift + side + 1, to + (slope === 'rising' ? -1 : 1))
    }
    context.stroke()
  })
}

/** A small tile of one colour with something drawn on it, repeated. */
function tiled(
  target: CanvasRenderingContext2D,
  density: number,
  fill: string,
  ink: (context: CanvasRenderingContext2D, side: number) => void,
): CanvasPattern | string {
  const side = Math.round(TILE * density)
  const tile = document.createElement('canvas')
  tile.width = tile.height = side
  const context = tile.getContext('2d')
  if (!context) return fill
  context.fillStyle = fill
  context.fillRect(0, 0, side, side)
  ink(context, side)
  return target.createPattern(tile, 'repeat') ?? fill
}
