/**
 * ONNX Runtime 1.30 leaves an identity of the device and a queue of events for its maker in the user's cache folder, unless
 * it is told not to before it is loaded. The native library reads the process's environment.
 */

/** To be called before `onnxruntime-node` is loaded. Who has set the variable has decided. */
export function silenceTelemetry(): void {
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
}
