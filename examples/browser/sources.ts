/** Where pictures come from: a drawing, a file, the camera. All end up on one square canvas. */

export type SourceName = 'drawing' | 'file' | 'camera';

export interface Picture {
  readonly canvas: HTMLCanvasElement;
  /** Shows another source; stops the camera unless it is the one. Rejects where the camera cannot be used. */
  show(source: SourceName): Promise<void>;
  clear(): void;
  /** Draws an image file, its centre square. Rejects for what is no image. */
  open(file: Blob): Promise<void>;
}

/** `onChange` is called when the picture is another one. */
export function createPicture(canvas: HTMLCanvasElement, onChange: () => void): Picture {
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  let source: SourceName = 'drawing';
  let stopCamera = () => {};

  const clear = () => {
    context.fillStyle = '#000';
    context.fillRect(0, 0, canvas.width, canvas.height);
    onChange();
  };
  const drawSquare = (image: CanvasImageSource, width: number, height: number) => {
    const side = Math.min(width, height);
    const [left, top] = [(width - side) / 2, (height - side) / 2];
    context.drawImage(image, left, top, side, side, 0, 0, canvas.width, canvas.height);
    onChange();
  };

  let last: readonly [number, number] | undefined;
  const pointOf = (event: PointerEvent): readonly [number, number] => {
    const box = canvas.getBoundingClientRect();
    const scale = canvas.width / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  };
  canvas.addEventListener('pointerdown', (event) => {
    if (source !== 'drawing') return;
    canvas.setPointerCapture(event.pointerId);
    last = pointOf(event);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (!last) return;
    const next = pointOf(event);
    context.strokeStyle = '#fff';
    context.lineWidth = canvas.width / 12;
    context.lineCap = 'round';
    context.beginPath();
    context.moveTo(...last);
    context.lineTo(...next);
    context.stroke();
    last = next;
    onChange();
  });
  for (const type of ['pointerup', 'pointercancel'] as const) {
    canvas.addEventListener(type, () => {
      last = undefined;
    });
  }

  async function startCamera(): Promise<void> {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
    const video = document.createElement('video');
    video.srcObject = stream;
    video.muted = true;
    await video.play();
    const timer = setInterval(() => drawSquare(video, video.videoWidth, video.videoHeight), 200);
    stopCamera = () => {
      clearInterval(timer);
      for (const track of stream.getTracks()) track.stop();
      stopCamera = () => {};
    };
  }

  return {
    canvas,
    async show(next) {
      stopCamera();
      source = next;
      clear();
      if (next === 'camera') await startCamera();
    },
    clear,
    async open(file) {
      const bitmap = await createImageBitmap(file);
      drawSquare(bitmap, bitmap.width, bitmap.height);
      bitmap.close();
    },
  };
}
