import { render } from 'preact';
import { App } from './app.tsx';
import { keepPage } from './offline.ts';

render(<App />, document.getElementById('app')!);
keepPage();
