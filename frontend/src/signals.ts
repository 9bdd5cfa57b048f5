// What tests wait for: window.__hjpMap.

interface Signals {
  /** revision of the last repaint */
  painted: string | null
  title: string | null
  paintedAt: number
  paintMs: number
  mounts: number
  removals: number
  /** the larger areas on screen; null where the map's own are */
  level: string | null
  /** whether the borders as seen close up are on screen, and how often they have changed */
  closeUps: number
  /** where a longitude and latitude is in the window, in CSS pixels, on the map mounted last */
  place(longitude: number, latitude: number): [number, number]
}

declare global {
  interface Window {
    __hjpMap?: Signals
  }
}

export function signals(): Signals {
  window.__hjpMap ??= {
    painted: null, title: null, paintedAt: 0, paintMs: 0, mounts: 0, removals: 0, level: null, closeUps: 0, place: () => [NaN, NaN],
  }
  return window.__hjpMap
}
