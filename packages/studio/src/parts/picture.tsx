/** Where a picture to classify comes from: the user's files, a drawing, the camera. All end up on one square canvas. */

import { useEffect, useRef, useState } from 'preact/hooks';
import { wordsOf } from '../state.ts';
import { Choice, Drop } from './basics.tsx';

type Source = 'file' | 'drawing' | 'camera';

const side = 280;

export interface PictureProps {
  /** What is shown at first; a drawing where there is none. */
  readonly first: Blob | undefined;
  readonly onChange: (canvas: HTMLCanvasElement) => void;
}

export function PictureInput({ first, onChange }: PictureProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [source, setSource] = useState<Source>(first ? 'file' : 'drawing');
  const [fault, setFault] = useState<string | null>(null);
  const context = () => canvas.current!.getContext('2d', { willReadFrequently: true })!;
  const changed = () => onChange(canvas.current!);

  const clear = () => {
    context().fillStyle = '#000';
    context().fillRect(0, 0, side, side);
    changed();
  };
  const drawSquare = (image: CanvasImageSource, width: number, height: number) => {
    const least = Math.min(width, height);
    context().drawImage(image, (width - least) / 2, (height - least) / 2, least, least, 0, 0, side, side);
    changed();
  };
  const show = async (file: Blob) => {
    setFault(null);
    try {
      const bitmap = await createImageBitmap(file);
      drawSquare(bitmap, bitmap.width, bitmap.height);
      bitmap.close();
    } catch {
      setFault(`${file instanceof File ? file.name : 'the file'} is no image that this browser decodes`);
    }
  };

  useEffect(() => {
    if (first && source === 'file') void show(first);
  }, [first]);

  useEffect(() => {
    if (source !== 'camera') return;
    let isOver = false;
    let stop = () => {};
    const start = async () => {
      if (!navigator.mediaDevices) throw new Error('the page has no access to cameras: it needs https or localhost');
      const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
      const video = document.createElement('video');
      video.srcObject = stream;
      video.muted = true;
      await video.play();
      const timer = setInterval(() => drawSquare(video, video.videoWidth, video.videoHeight), 200);
      stop = () => {
        clearInterval(timer);
        for (const track of stream.getTracks()) track.stop();
      };
      if (isOver) stop();
    };
    start().catch((error: unknown) => setFault(`No camera: ${wordsOf(error) ?? 'it was not allowed'}`));
    return () => {
      isOver = true;
      stop();
    };
  }, [source]);

  /** Where the stroke has come to; each classification draws the page anew in its midst. */
  const last = useRef<readonly [number, number] | undefined>(undefined);
  const pointOf = (event: PointerEvent): readonly [number, number] => {
    const box = canvas.current!.getBoundingClientRect();
    return [((event.clientX - box.left) * side) / box.width, ((event.clientY - box.top) * side) / box.height];
  };
  const press = (event: PointerEvent) => {
    if (source !== 'drawing') return;
    canvas.current!.setPointerCapture(event.pointerId);
    last.current = pointOf(event);
  };
  const moveTo = (event: PointerEvent) => {
    if (!last.current) return;
    const next = pointOf(event);
    Object.assign(context(), { strokeStyle: '#fff', lineWidth: side / 12, lineCap: 'round' });
    context().beginPath();
    context().moveTo(...last.current);
    context().lineTo(...next);
    context().stroke();
    last.current = next;
    changed();
  };
  const lift = () => {
    last.current = undefined;
  };
  const choose = (next: Source) => {
    setFault(null);
    setSource(next);
    if (next === 'drawing') clear();
    if (next === 'file' && first) void show(first);
  };

  return (
    <div class="picture">
      <Choice
        name="Source of the picture"
        options={[
          ['file', 'Image'],
          ['drawing', 'Draw'],
          ['camera', 'Camera'],
        ]}
        value={source}
        onChange={choose}
      />
      <canvas
        ref={canvas}
        width={side}
        height={side}
        role="img"
        aria-label="The picture that is classified"
        style={{
          touchAction: source === 'drawing' ? 'none' : 'auto',
          cursor: source === 'drawing' ? 'crosshair' : 'auto',
        }}
        onPointerDown={press}
        onPointerMove={moveTo}
        onPointerUp={lift}
        onPointerCancel={lift}
      />
      <div class="tools">
        {source === 'file' && (
          <Drop slim label="Choose an image" accept="image/*" onFiles={([file]) => void show(file!)} />
        )}
        {source === 'drawing' && (
          <button type="button" onClick={clear}>
            Clear
          </button>
        )}
        {fault && (
          <p class="fault" role="alert">
            {fault}
          </p>
        )}
      </div>
    </div>
  );
}
