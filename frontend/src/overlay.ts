// A canvas that covers the map a little beyond its edges and moves with it: what areas and sites are drawn on.
// It stands on Leaflet 1.9's Renderer, whose inner names (_bounds, _container, _update …) are not public: leaflet is
// pinned, and moving to another version means reading this file again.
import L from './leaflet'

/** Where the canvas stands: from Web Mercator units of zoom 0 (0 to 256 across the world) to canvas pixels. */
export interface View {
  scale: number
  left: number
  top: number
  width: number
  height: number
  zoom: number
  /** device pixels per CSS pixel */
  density: number
}

interface RendererInside {
  _bounds?: L.Bounds
  _container: HTMLCanvasElement
  _update(): void
}

export abstract class CanvasOverlay extends L.Renderer {
  private get inside(): RendererInside {
    return this as unknown as RendererInside
  }

  protected abstract draw(context: CanvasRenderingContext2D, view: View): void

  /** Draws again at once, without moving. */
  repaint(): void {
    const { _bounds: bounds, _container: canvas } = this.inside
    const map = (this as unknown as { _map?: L.Map })._map
    const context = canvas?.getContext('2d')
    if (!map || !bounds?.min || !context) return
    const size = bounds.getSize()
    const density = window.devicePixelRatio || 1
    canvas.width = Math.round(size.x * density)
    canvas.height = Math.round(size.y * density)
    canvas.style.width = `${size.x}px`
    canvas.style.height = `${size.y}px`
    const zoom = map.getZoom()
    const corner = map.getPixelOrigin().add(bounds.min)
    this.draw(context, { scale: 2 ** zoom, left: corner.x, top: corner.y, width: size.x, height: size.y, zoom, density })
  }

  /** Hides the canvas where it stands; drawing goes on. */
  hide(isHidden: boolean): void {
    const { _container: canvas } = this.inside
    if (canvas) canvas.style.visibility = isHidden ? 'hidden' : ''
  }

  protected _initContainer(): void {
    const canvas = document.createElement('canvas')
    canvas.setAttribute('aria-hidden', 'true')
    canvas.style.pointerEvents = 'none'
    this.inside._container = canvas
  }

  protected _destroyContainer(): void {
    this.inside._container.remove()
  }

  protected _update(): void {
    const map = (this as unknown as { _map: L.Map & { _animatingZoom?: boolean } })._map
    if (map._animatingZoom && this.inside._bounds) return
    ;(L.Renderer.prototype as unknown as RendererInside)._update.call(this)
    const bounds = this.inside._bounds
    if (bounds?.min) L.DomUtil.setPosition(this.inside._container, bounds.min)
    this.repaint()
  }

  /** Leaflet's own vector layers would be updated here; this canvas has none. */
  protected _updatePaths(): void {}
}

/** Web Mercator units of zoom 0, as Leaflet counts them. */
export function toWorld(longitude: number, latitude: number): [number, number] {
  const sine = Math.sin((Math.max(-85.05, Math.min(85.05, latitude)) * Math.PI) / 180)
  return [(longitude / 360 + 0.5) * 256, (0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * 256]
}
