// What was drawn and is not yet known to be saved, kept in this tab of the browser: it outlives a server that dies, a
// network that breaks and a reload of the page. Python says what it has saved; that is let go here.
import type { Position } from 'geojson'
import type { Drawing, KeepingData, MapData, Revision } from './protocol'

interface Entry {
  features: Drawing[]
  /** the session of the server, its version of the drawings and the saved scenario on which they were drawn */
  session: string
  revision: Revision
  base: string
}

const PREFIX = 'hjp-geo.drawn.'
const CORNERS = 'hjp-geo.corners'

export class Keeping {
  private session: string | null = null

  /** Whether another server session speaks than the one before: after a reconnect, or on a new page. */
  isNewSession({ keeping }: MapData): boolean {
    const isNew = keeping !== null && keeping.session !== this.session
    this.session = keeping?.session ?? null
    return isNew
  }

  note({ keeping, drawings_revision: revision }: MapData, features: Drawing[]): void {
    if (keeping) write(placeOf(keeping), { features, session: keeping.session, revision, base: keeping.base })
  }

  /** Lets go of what Python has saved. */
  settle({ keeping, drawings }: MapData): void {
    if (!keeping?.is_saved) return
    for (const place of [placeOf(keeping), PREFIX]) {
      const entry = read<Entry>(place)
      if (entry && sameDrawings(entry.features, drawings)) forget(place)
    }
  }

  /**
   * What was drawn in this tab and never arrived: drawn for another session, or on this very version of the drawings.
   * What Python has replaced since, in the same session, it has replaced on purpose.
   */
  lost({ keeping, drawings, drawings_revision: revision }: MapData): Entry | null {
    if (!keeping) return null
    const entry = read<Entry>(placeOf(keeping)) ?? read<Entry>(PREFIX)
    if (!entry || sameDrawings(entry.features, drawings)) return null
    return entry.session !== keeping.session || entry.revision === revision ? entry : null
  }

  forget({ keeping }: MapData): void {
    if (keeping) [placeOf(keeping), PREFIX].forEach(forget)
  }

  /** The corners of an area that is being drawn; none when it is done or given up. */
  noteCorners(corners: Position[]): void {
    if (corners.length) write(CORNERS, corners)
    else forget(CORNERS)
  }

  corners(): Position[] {
    return read<Position[]>(CORNERS) ?? []
  }
}

/** By what is drawn, not by what Python adds to it. */
export function sameDrawings(one: Drawing[], other: Drawing[]): boolean {
  const text = (features: Drawing[]) =>
    JSON.stringify(features.map(({ geometry, properties: { id, name, radius_m, minutes, mode } }) =>
      [id, name, radius_m ?? null, minutes ?? null, mode ?? null, geometry.type, geometry.coordinates]))
  return text(one) === text(other)
}

function placeOf({ base }: KeepingData): string {
  return PREFIX + base.split('@')[0]
}

// A browser may forbid storage, or have none left: then the server's copy is all there is.
function read<T>(place: string): T | null {
  try {
    return JSON.parse(sessionStorage.getItem(place) ?? 'null') as T | null
  } catch {
    return null
  }
}

function write(place: string, value: unknown): void {
  try {
    sessionStorage.setItem(place, JSON.stringify(value))
  } catch {
    // nothing to be done, and nothing to be said: the server saves what arrives
  }
}

function forget(place: string): void {
  try {
    sessionStorage.removeItem(place)
  } catch {
    // as above
  }
}
