/** Tests that load ONNX Runtime themselves leave nothing in the user's folders either. */

process.env.ORT_DISABLE_TELEMETRY ??= '1';
