// Leaflet and Geoman as one object, kept off `window`: Geoman's bundle speaks of a global `L`, which the build
// (build.mjs, `inject`) points at global-l.ts, so no other script on the page ever meets ours.
import L from './global-l'
import '@geoman-io/leaflet-geoman-free'

export default L
