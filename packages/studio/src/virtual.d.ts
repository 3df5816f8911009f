declare module 'virtual:highs' {
  /** Address of the gzipped WebAssembly. */
  const url: string;
  export default url;
}

declare module 'virtual:onnxruntime' {
  const url: string;
  export default url;
}
