// Named `L` so that esbuild's `inject` hands it to every file that uses the free name `L`.
export { default as L } from './global-l'
