// Areas as a picture whose pixels are area numbers: all of England at low zoom, recoloured by a look-up table.
import { NOT_FOR_DRAWING, PANES, MapError, fetched, fetchedJson, latLngBounds, type AreaSet } from './areas'
import L from './leaflet'
import { toWorld } from './overlay'
import { NO_DATA_FILL, NO_DATA_LINE, inkOn, rgbOf } from './patterns'
import { NO_DATA, type CloseData, type GeometryData, type Paint } from './protocol'

interface Picture {
  width: number
  height: number
  /** area position plus one for every pixel; 0 where there is none */
  ids: Uint32Array
}

export async function loadRaster(geometry: GeometryData): Promise<AreaSet> {
  const what = "The map's picture of the areas"
  const [picture, names] = await Promise.all([
    fetched(geometry.url, what).then((answer) => answer.blob()).then(pictureOf),
    fetchedJson(geometry.codes_url ?? '', 'The names of the areas'),
  ])
  const { codes, names: labels, close } = names as { codes: string[]; names: string[]; close?: CloseData }
  const highest = picture.ids.reduce((most, id) => Math.max(most, id), 0)
  if (highest > codes.length) {
    throw new MapError(
      `${what} speaks of area ${highest}, but there are ${codes.length}: the files do not belong together, ` +
        'or this browser alters pictures to protect privacy.',
    )
  }
  return new Raster(picture, codes, labels, close ?? null, geometry.bounds)
}

async function pictureOf(blob: Blob): Promise<Picture> {
  // Colours must come through unchanged: they are numbers.
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' })
  const { width, height } = bitmap
  const context = canvasOf(width, height).getContext('2d', { willReadFrequently: true })
  if (!context) throw new MapError('This browser gave no canvas to draw the map on.')
  context.drawImage(bitmap, 0, 0)
  const pixels = context.getImageData(0, 0, width, height).data
  const ids = new Uint32Array(width * height)
  for (let i = 0, p = 0; i < ids.length; i++, p += 4) ids[i] = (pixels[p]! << 16) | (pixels[p + 1]! << 8) | pixels[p + 2]!
  return { width, height, ids }
}

function canvasOf(width: number, height: number): HTMLCanvasElement {
  const canvas = document.createElement('canvas')
  canvas.width = width
  canvas.height = height
  return canvas
}

/** Leaflet's image overlay, around a canvas that is already here. */
class CanvasImage extends L.ImageOverlay {
  constructor(private readonly picture: HTMLCanvasElement, bounds: L.LatLngBounds, pane: string) {
    super('', bounds, { pane, ...NOT_FOR_DRAWING })
  }

  protected _initImage(): void {
    const inside = this as unknown as { _image: HTMLElement; _zoomAnimated: boolean }
    inside._image = this.picture
    this.picture.className = `leaflet-image-layer hjp-raster${inside._zoomAnimated ? ' leaflet-zoom-animated' : ''}`
    this.picture.setAttribute('aria-hidden', 'true')
  }
}

class Raster implements AreaSet {
  private readonly canvas: HTMLCanvasElement
  private readonly layer: CanvasImage
  private readonly edges: { left: number; top: number; right: number; bottom: number }

  constructor(
    private readonly picture: Picture,
    readonly codes: string[],
    readonly names: string[],
    readonly close: CloseData | null,
    bounds: GeometryData['bounds'],
  ) {
    const [west, south, east, north] = bounds
    const [left, top] = toWorld(west, north)
    const [right, bottom] = toWorld(east, south)
    this.edges = { left, top, right, bottom }
    this.canvas = canvasOf(picture.width, picture.height)
    this.layer = new CanvasImage(this.canvas, latLngBounds(bounds), PANES.areas)
  }

  addTo(map: L.Map): void {
    this.layer.addTo(map)
  }

  remove(): void {
    this.layer.remove()
  }

  veil(isHidden: boolean): void {
    this.canvas.style.visibility = isHidden ? 'hidden' : ''
  }

  paint(paint: Paint | null): void {
    const context = this.canvas.getContext('2d')
    if (!context) return
    const { width, height, ids } = this.picture
    const image = context.createImageData(width, height)
    const out = new Uint32Array(image.data.buffer)
    const { plain, line, slope } = lookUp(paint, this.codes.length)
    for (let i = 0, y = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        const id = ids[i]!
        if (id === 0) continue
        out[i] = isInked(slope[id]!, x, y, height) ? line[id]! : plain[id]!
      }
    }
    context.putImageData(image, 0, 0)
  }

  areaAt(place: L.LatLng): number {
    const [x, y] = toWorld(place.lng, place.lat)
    const { left, top, right, bottom } = this.edges
    const column = Math.floor(((x - left) / (right - left)) * this.picture.width)
    const row = Math.floor(((y - top) / (bottom - top)) * this.picture.height)
    if (column < 0 || row < 0 || column >= this.picture.width || row >= this.picture.height) return -1
    return this.picture.ids[row * this.picture.width + column]! - 1
  }

  boundsOf(area: number): L.LatLngBounds | null {
    const box = this.boxOf(area)
    return box && this.boundsOfBox(box)
  }

  /** The area's own edge pixels, as a small picture over the map. */
  outline(area: number): L.Layer[] {
    const box = this.boxOf(area)
    if (!box) return []
    const { width, height, ids } = this.picture
    const canvas = canvasOf(box.right - box.left, box.bottom - box.top)
    const context = canvas.getContext('2d')
    if (!context) return []
    const isArea = (x: number, y: number) => x >= 0 && y >= 0 && x < width && y < height && ids[y * width + x] === area + 1
    for (let y = box.top; y < box.bottom; y++) {
      for (let x = box.left; x < box.right; x++) {
        if (isArea(x, y)) continue
        const touches = isArea(x - 1, y) || isArea(x + 1, y) || isArea(x, y - 1) || isArea(x, y + 1)
        if (touches) context.fillRect(x - box.left, y - box.top, 1, 1)
      }
    }
    return [new CanvasImage(canvas, this.boundsOfBox(box), PANES.highlight)]
  }

  /** Pixels of the area with one to spare on each side; right and bottom are exclusive. */
  private boxOf(area: number): { left: number; top: number; right: number; bottom: number } | null {
    const { width, height, ids } = this.picture
    let [left, top, right, bottom] = [width, height, -1, -1]
    for (let i = ids.indexOf(area + 1); i !== -1; i = ids.indexOf(area + 1, i + 1)) {
      const x = i % width
      const y = (i - x) / width
      left = Math.min(left, x)
      right = Math.max(right, x)
      top = Math.min(top, y)
      bottom = y
    }
    return right < 0 ? null : { left: left - 1, top: top - 1, right: right + 2, bottom: bottom + 2 }
  }

  private boundsOfBox(box: { left: number; top: number; right: number; bottom: number }): L.LatLngBounds {
    const { left, top, right, bottom } = this.edges
    const x = (column: number) => left + ((right - left) * column) / this.picture.width
    const y = (row: number) => top + ((bottom - top) * row) / this.picture.height
    const corner = (wx: number, wy: number) => L.CRS.EPSG3857.pointToLatLng(L.point(wx, wy), 0)
    return L.latLngBounds(corner(x(box.left), y(box.bottom)), corner(x(box.right), y(box.top)))
  }
}

/** Whether a pixel belongs to the hatching (1 rising, -1 falling) or the dots (2) of its area. */
function isInked(slope: number, x: number, y: number, height: number): boolean {
  if (slope === 0) return false
  if (slope === 2) return x % 4 < 2 && y % 4 < 2 && (x + y) % 8 < 4
  return (slope > 0 ? x + y : x - y + height * 8) % 8 < 2
}

/** Per area number: its colour, its pattern's colour, and the pattern (0 none, 1 rising, -1 falling, 2 dots). */
function lookUp(paint: Paint | null, count: number): { plain: Uint32Array; line: Uint32Array; slope: Int8Array } {
  const plain = new Uint32Array(count + 1).fill(packed('#e6e8eb'))
  const line = new Uint32Array(count + 1)
  const slope = new Int8Array(count + 1)
  if (!paint) return { plain, line, slope }
  const colours = paint.data.palette.map(packed)
  const inks = paint.data.palette.map((colour) => packed(inkOn(colour)))
  const [noDataFill, noDataLine] = [packed(NO_DATA_FILL), packed(NO_DATA_LINE)]
  for (let area = 0; area < count; area++) {
    const which = paint.classes[area] ?? NO_DATA
    const isMissing = which === NO_DATA
    plain[area + 1] = isMissing ? noDataFill : colours[which]!
    line[area + 1] = isMissing ? noDataLine : inks[which]!
    const mark = paint.markOf(area)
    slope[area + 1] = isMissing ? 1 : mark === 'sure' ? -1 : mark === 'faint' ? 2 : 0
  }
  return { plain, line, slope }
}

/** A colour as the canvas keeps it in memory (little-endian: alpha, blue, green, red). */
function packed(colour: string): number {
  const [r, g, b] = rgbOf(colour)
  return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0
}
